import Queue
import Testing

@testable import Settings

struct EnvironmentTests {
    @Test
    func letsAFlagBeatItsVariableAndThatTheDefault() throws {
        let environment = [
            "AP_CONCURRENCY": "4", "AP_REQUEST_TIMEOUT": "0.5", "AP_METRICS_PORT": "0", "AP_PIPELINE": "blue",
        ]
        let settings = try DispatchSettings.parse(arguments: ["--concurrency", "16"], environment: environment)
        #expect(settings.concurrency == 16)
        #expect(settings.requestTimeout == .milliseconds(500))
        #expect(settings.stage.metricsPort == 0)
        #expect(settings.stage.pipeline == "blue")
        #expect(settings.maxResponseBytes == 67_108_864)
    }

    @Test
    func takesAnEmptyVariableForNone() throws {
        let settings = try DispatchSettings.parse(arguments: [], environment: ["AP_CONCURRENCY": ""])
        #expect(settings.concurrency == 8)
    }

    @Test
    func ignoresVariablesOfOthers() throws {
        let environment = ["AP_IMAGE_PULL_POLICY": "Always", "AP_REDIS_REQUEST_QUEUE_NAME_X": "a", "CONCURRENCY": "0"]
        let settings = try IngestSettings.parse(arguments: [], environment: environment)
        #expect(settings.server.queues.count == 1)
    }

    /// A Service named ap-metrics, with a port of that name.
    @Test
    func takesNoServiceOfKubernetesForASetting() throws {
        let environment = [
            "AP_METRICS_PORT": "tcp://10.0.0.1:9091", "AP_METRICS_SERVICE_HOST": "10.0.0.1",
            "AP_METRICS_SERVICE_PORT": "9091", "AP_METRICS_SERVICE_PORT_METRICS": "9091",
            "AP_METRICS_PORT_9091_TCP": "tcp://10.0.0.1:9091", "AP_METRICS_PORT_9091_TCP_PROTO": "tcp",
            "AP_METRICS_PORT_9091_TCP_PORT": "9091", "AP_METRICS_PORT_9091_TCP_ADDR": "10.0.0.1",
            "AP_REDIS_PORT": "tcp://10.0.0.2:6379", "AP_DNS_PORT_53_UDP_ADDR": "10.0.0.3",
        ]
        let settings = try RetrySettings.parse(arguments: [], environment: environment)
        #expect(settings.stage.metricsPort == 9093)
        #expect(
            settings.stage.warnings == [
                "AP_METRICS_PORT=tcp://10.0.0.1:9091 is no port but what Kubernetes says of a Service; it has no effect"
            ])
        let refused = refusal(RetrySettings.self, [], ["AP_METRICS_PORT": "10.0.0.1:9091"])
        #expect(refused.hasPrefix("Error: AP_METRICS_PORT: "))
    }

    @Test
    func saysWhichVariablesHaveNoEffect() throws {
        let environment = [
            "AP_BACKOF_BASE": "9", "AP_REDIS_REQUEST_QUEUE_NAME_0": "a", "AP_REDIS_RESULT_QUEUE_NAMES_2": "b",
            "AP_FAVOURITE_COLOUR": "blue", "AP_EMPTY": "",
        ]
        let settings = try RetrySettings.parse(arguments: [], environment: environment)
        #expect(
            settings.stage.warnings == [
                "AP_BACKOF_BASE belongs to no flag; it has no effect; did you mean AP_BACKOFF_BASE?",
                "AP_FAVOURITE_COLOUR belongs to no flag; it has no effect",
                "AP_REDIS_REQUEST_QUEUE_NAME_0 belongs to no flag; it has no effect; "
                    + "did you mean AP_REDIS_REQUEST_QUEUE_NAME_1?",
                "AP_REDIS_RESULT_QUEUE_NAMES_2 belongs to no flag; it has no effect; "
                    + "did you mean AP_REDIS_RESULT_QUEUE_NAME_2?",
            ])
    }

    /// One list of variables serves all stages.
    @Test
    func isSilentAboutTheVariablesOfOtherStages() throws {
        let environment = Dictionary(
            uniqueKeysWithValues: FlagNames.all.map { (FlagNames.variable(of: $0), "") }
        ).merging(["AP_CONCURRENCY": "4", "AP_BACKOFF_BASE": "1", "AP_RESULT_PAYLOAD": "json", "AP_LEASE_SECONDS": "9"])
        {
            $1
        }
        #expect(try IngestSettings.parse(arguments: [], environment: environment).stage.warnings.isEmpty)
        #expect(try DispatchSettings.parse(arguments: [], environment: environment).stage.warnings.isEmpty)
        #expect(try RetrySettings.parse(arguments: [], environment: environment).stage.warnings.isEmpty)
        #expect(try EmitSettings.parse(arguments: [], environment: environment).stage.warnings.isEmpty)
    }

    @Test(arguments: [
        ("CONCURENCY", "CONCURRENCY"), ("CONCURRENYC", "CONCURRENCY"), ("TAPS", "TAP"),
        ("REQUEST_TIME_OUT", "REQUEST_TIMEOUT"),
        ("X", nil), ("IMAGE_PULL_POLICY", nil),
    ])
    func findsTheNearestName(text: String, name: String?) {
        #expect(NearestName.of(text, among: ["CONCURRENCY", "TAP", "REQUEST_TIMEOUT", "ACKS"]) == name)
    }

    @Test(arguments: [("", "", 0), ("", "abc", 3), ("kitten", "sitting", 3), ("tap", "tpa", 1), ("ab", "ba", 1)])
    func countsTheLettersThatDiffer(first: String, second: String, distance: Int) {
        #expect(NearestName.distance(first, second) == distance)
        #expect(NearestName.distance(second, first) == distance)
    }

    @Test(arguments: [("true", true), ("0", false), ("no", false)])
    func readsSwitches(value: String, isOn: Bool) throws {
        let environment = ["AP_REDIS_DEDUPLICATE": value]
        let settings = try IngestSettings.parse(arguments: [], environment: environment)
        #expect(settings.server.deduplicates == isOn)
    }

    @Test(arguments: [
        ("AP_CONCURRENCY", "many", "The value 'many' is invalid for '--concurrency <n>': expected a whole number"),
        (
            "AP_TLS_INSECURE_SKIP_VERIFY", "maybe",
            "The value 'maybe' is invalid for '--tls-insecure-skip-verify <bool>'"
        ),
        (
            "AP_LISTEN", "5557",
            "The value '5557' is invalid for '--listen <endpoint>': expected tcp://HOST:PORT or ipc://PATH"
        ),
    ])
    func namesTheVariableWhoseValueMakesNoSense(variable: String, value: String, reason: String) {
        #expect(refusal(DispatchSettings.self, [], [variable: value]) == "Error: \(variable): \(reason)")
    }

    @Test
    func namesTheVariableOfAValueThatDoesNotFitTheOthers() {
        #expect(
            refusal(RetrySettings.self, [], ["AP_BACKOFF_MAX": "1"])
                == "Error: AP_BACKOFF_MAX (--backoff-max): must not be less than --backoff-base")
        #expect(
            refusal(DispatchSettings.self, [], ["AP_TLS_CA_CERT": "/no/such/file"])
                == "Error: AP_TLS_CA_CERT (--tls-ca-cert): there is no file /no/such/file")
        #expect(
            refusal(
                IngestSettings.self, [], ["AP_REDIS_INFERENCE_GATEWAY_2": "x", "AP_REDIS_REQUEST_QUEUE_NAME_2": "b"])
                == "Error: AP_REDIS_INFERENCE_GATEWAY_2 (--redis.inference-gateway.2): expected http://… or https://…")
    }

    @Test
    func namesTheFlagWhenTheFlagIsWrong() {
        #expect(
            refusal(RetrySettings.self, ["--backoff-max=1"], ["AP_BACKOFF_MAX": "2"])
                == "Error: --backoff-max: must not be less than --backoff-base")
        #expect(
            refusal(DispatchSettings.self, ["--concurrency", "0"], ["AP_CONCURRENCY": "x"])
                == "Error: The value '0' is invalid for '--concurrency <n>': must be from 1 to 1000000")
    }

    @Test(arguments: [
        (["--redis.url", "redis://a"], ["AP_REDIS_URL": "redis://b", "REDIS_URL": "redis://c"], "redis://a"),
        (["--redis.addr", "d"], ["AP_REDIS_URL": "redis://b", "REDIS_URL": "redis://c"], "redis://b"),
        (["--redis.addr", "d"], ["REDIS_URL": "unix:///run/redis"], "unix:///run/redis"),
        (["--redis.addr", "d"], ["REDIS_URL": ""], "d"),
        ([], ["AP_REDIS_ADDR": "e:1"], "e:1"),
    ])
    func findsRedis(arguments: [String], environment: [String: String], expected: String) throws {
        let settings = try EmitSettings.parse(arguments: arguments, environment: environment)
        #expect(settings.server.redis.value == expected)
    }
}
