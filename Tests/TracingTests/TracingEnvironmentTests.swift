import HTTP
import Messages
import Testing

@testable import PipelineTracing

struct TracingEnvironmentTests {
    private static let process = TracedProcess(
        stage: "dispatch", pipeline: "night", version: "1.2", instance: "i", host: "h")
    private static let collector = ["OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"]

    private func read(_ variables: [String: String], with endpoint: Bool = true) -> TracingEnvironment {
        TracingEnvironment(
            endpoint ? Self.collector.merging(variables) { $1 } : variables, of: Self.process)
    }

    @Test
    func doesNothingWithoutACollector() {
        let environment = read(["OTEL_SERVICE_NAME": "x", "OTEL_EXPORTER_OTLP_ENDPOINT": " "], with: false)
        #expect(environment.settings == nil)
        #expect(environment.warnings.isEmpty)
    }

    @Test
    func hasTheDefaultsOfTheSpecification() throws {
        let settings = try #require(read([:]).settings)
        #expect(settings.endpoint == "http://collector:4318/v1/traces")
        #expect(settings.headers.isEmpty)
        #expect(settings.timeout == .seconds(10))
        #expect(settings.sampler == TraceSampler(followsParent: true, ratio: 1))
        #expect(settings.maxWaiting == 2048)
        #expect(settings.maxBatch == 512)
        #expect(settings.delay == .seconds(5))
        let resource = Dictionary(settings.resource.map { ($0.name, $0.value) }) { $1 }
        #expect(resource["service.name"] == "llm-d-async")
        #expect(resource["service.version"] == "1.2")
        #expect(resource["service.instance.id"] == "i")
        #expect(resource["async_processor.stage"] == "dispatch")
        #expect(resource["async_processor.pipeline"] == "night")
    }

    @Test(arguments: [
        ["OTEL_EXPORTER_OTLP_ENDPOINT": "https://c/base//"]: "https://c/base/v1/traces",
        ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://other:1/in"]: "http://other:1/in",
    ])
    func findsThePlaceOfTraces(variables: [String: String], url: String) {
        #expect(read(variables).settings?.endpoint == url)
    }

    @Test
    func takesWhatIsForTracesAloneFirst() throws {
        let settings = try #require(
            read([
                "OTEL_EXPORTER_OTLP_TIMEOUT": "1", "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT": "2500",
                "OTEL_EXPORTER_OTLP_HEADERS": "a=1",
                "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "Authorization=Basic%20eA==, b = 2",
                "OTEL_EXPORTER_OTLP_CERTIFICATE": "/ca.pem", "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": "/c.pem",
                "OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY": "/k.pem", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            ]).settings)
        #expect(settings.timeout == .milliseconds(2500))
        #expect(settings.headers == [HeaderField("Authorization", "Basic eA=="), HeaderField("b", "2")])
        #expect(settings.tls.caCertificateFile == "/ca.pem")
        #expect(settings.tls.certificateFile == "/c.pem")
        #expect(settings.tls.keyFile == "/k.pem")
    }

    @Test(arguments: [
        "always_on": TraceSampler(followsParent: false, ratio: 1),
        "traceidratio": TraceSampler(followsParent: false, ratio: 0.01),
        "parentbased_always_on": TraceSampler(followsParent: true, ratio: 1),
        "parentbased_always_off": TraceSampler(followsParent: true, ratio: 0),
        "ParentBased_TraceIDRatio": TraceSampler(followsParent: true, ratio: 0.01),
    ])
    func knowsTheSamplers(name: String, sampler: TraceSampler) {
        let environment = read(["OTEL_TRACES_SAMPLER": name, "OTEL_TRACES_SAMPLER_ARG": "0.01"])
        #expect(environment.settings?.sampler == sampler)
        #expect(environment.warnings.isEmpty)
    }

    @Test
    func takesAllWhereTheRatioIsNotGiven() {
        #expect(read(["OTEL_TRACES_SAMPLER": "traceidratio"]).settings?.sampler.ratio == 1)
    }

    @Test(arguments: [
        ["OTEL_SDK_DISABLED": "TRUE"], ["OTEL_TRACES_EXPORTER": "none"], ["OTEL_TRACES_SAMPLER": "always_off"],
    ])
    func recordsNothingWhereThatIsWanted(variables: [String: String]) {
        let environment = read(variables)
        #expect(environment.settings == nil)
        #expect(environment.warnings.isEmpty)
    }

    @Test(arguments: [
        ["OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4318"], ["OTEL_EXPORTER_OTLP_ENDPOINT": "http://"],
        ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "grpc://collector"], ["OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"],
        ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/json"], ["OTEL_TRACES_EXPORTER": "console"],
    ])
    func saysWhySpansCannotBeSent(variables: [String: String]) throws {
        let environment = read(variables)
        #expect(environment.settings == nil)
        let warning = try #require(environment.warnings.first)
        #expect(environment.warnings.count == 1)
        #expect(variables.keys.contains { warning.hasPrefix("\($0): ") }, "\(warning)")
    }

    @Test(arguments: [
        ["OTEL_TRACES_SAMPLER": "some"], ["OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "1.5"],
        ["OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "nan"],
        ["OTEL_BSP_MAX_QUEUE_SIZE": "0"], ["OTEL_BSP_SCHEDULE_DELAY": "soon"], ["OTEL_EXPORTER_OTLP_TIMEOUT": "-1"],
        ["OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "1e3"], ["OTEL_RESOURCE_ATTRIBUTES": "a"],
        ["OTEL_RESOURCE_ATTRIBUTES": "=b"], ["OTEL_RESOURCE_ATTRIBUTES": "a=%zz"],
        ["OTEL_EXPORTER_OTLP_HEADERS": "bad name=secret"], ["OTEL_EXPORTER_OTLP_HEADERS": "a=sec%0Aret"],
        ["OTEL_EXPORTER_OTLP_COMPRESSION": "gzip"],
    ])
    func saysWhatItCannotUseAndGoesOnWithout(variables: [String: String]) throws {
        let environment = read(variables)
        let settings = try #require(environment.settings)
        #expect(environment.warnings.count == 1)
        #expect(environment.warnings.allSatisfy { !$0.contains("sec") }, "a value that may be secret")
        #expect(settings.sampler.ratio == 1)
        #expect(settings.maxWaiting == 2048)
        #expect(settings.maxBatch == 512)
        #expect(settings.delay == .seconds(5))
        #expect(settings.timeout == .seconds(10))
        #expect(settings.headers.isEmpty)
    }

    @Test
    func describesTheProcessAsItIsTold() throws {
        let settings = try #require(
            read([
                "OTEL_RESOURCE_ATTRIBUTES": "service.name=from-attributes, k8s.pod.name=p%2C1,host.name=other",
                "OTEL_SERVICE_NAME": "mine",
            ]).settings)
        let resource = Dictionary(grouping: settings.resource, by: \.name).mapValues { $0.map(\.value) }
        #expect(resource["service.name"] == ["mine"])
        #expect(resource["k8s.pod.name"] == ["p,1"])
        #expect(resource["host.name"] == ["other"])
    }

    @Test
    func sendsNoMoreAtOnceThanMayWait() {
        #expect(read(["OTEL_BSP_MAX_QUEUE_SIZE": "100"]).settings?.maxBatch == 100)
    }

    @Test
    func showsNothingSecret() throws {
        let environment = read([
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://user:word@collector", "OTEL_EXPORTER_OTLP_HEADERS": "token=word",
        ])
        let shown = try #require(environment.settings).describe().map(\.value).joined()
        #expect(shown.contains("collector"))
        #expect(!shown.contains("word"))
    }
}
