import Foundation
import HTTP
import Messages

/// What the variables that OpenTelemetry defines say to a process.
///
/// They are set for whole clusters, often by somebody else. So a value that makes no sense here is said, and something else
/// is done instead, as the specification wants it: no process fails to start because of one.
///
/// Source: OpenTelemetry specification, "Environment Variable Specification" and "OpenTelemetry Protocol Exporter".
package struct TracingEnvironment: Sendable {
    /// `nil` where no spans are to be sent.
    package private(set) var settings: TracingSettings?
    /// What makes no sense, for the log.
    package private(set) var warnings: [String] = []

    private let variables: [String: String]

    package init(_ variables: [String: String], of process: TracedProcess) {
        self.variables = variables
        guard !isDisabled, let endpoint = readEndpoint() else { return }
        var settings = TracingSettings(endpoint: endpoint)
        guard speaksProtocol(to: endpoint) else { return }
        settings.headers = headers()
        settings.timeout = milliseconds(exporterName("TIMEOUT"), byDefault: settings.timeout)
        settings.tls = TLSOptions(
            caCertificateFile: value(exporterName("CERTIFICATE")),
            certificateFile: value(exporterName("CLIENT_CERTIFICATE")), keyFile: value(exporterName("CLIENT_KEY")))
        settings.sampler = sampler()
        settings.resource = resource(of: process)
        settings.maxWaiting = count("OTEL_BSP_MAX_QUEUE_SIZE", 1...1_000_000, byDefault: settings.maxWaiting)
        settings.maxBatch = min(
            count("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 1...100_000, byDefault: settings.maxBatch), settings.maxWaiting)
        settings.delay = milliseconds("OTEL_BSP_SCHEDULE_DELAY", byDefault: settings.delay)
        noteCompression()
        if !settings.sampler.recordsNothing { self.settings = settings }
    }

    // MARK: - Whether, and where

    private var isDisabled: Bool {
        value("OTEL_SDK_DISABLED")?.lowercased() == "true" || value("OTEL_TRACES_EXPORTER")?.lowercased() == "none"
    }

    private mutating func readEndpoint() -> String? {
        var (name, url) = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", value("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"))
        if url == nil {
            name = "OTEL_EXPORTER_OTLP_ENDPOINT"
            url = value(name).map { base in
                var base = base[...]
                while base.hasSuffix("/") { base.removeLast() }
                return "\(base)/v1/traces"
            }
        }
        guard let url else { return nil }
        let scheme = url.lowercased()
        guard scheme.hasPrefix("http://") || scheme.hasPrefix("https://"), Origin(url) != nil else {
            warn(name, "expected http://… or https://…; no spans are sent")
            return nil
        }
        if let exporter = value("OTEL_TRACES_EXPORTER"), exporter.lowercased() != "otlp" {
            warn("OTEL_TRACES_EXPORTER", "only otlp and none are known here; no spans are sent")
            return nil
        }
        return url
    }

    private mutating func speaksProtocol(to endpoint: String) -> Bool {
        let name = exporterName("PROTOCOL")
        guard let wanted = value(name), wanted != "http/protobuf" else { return true }
        warn(name, "only http/protobuf is spoken here, mostly at port 4318; no spans are sent to \(redacted(endpoint))")
        return false
    }

    /// The variable for traces alone, if it is set, or else the one for everything.
    private func exporterName(_ end: String) -> String {
        let own = "OTEL_EXPORTER_OTLP_TRACES_\(end)"
        return value(own) == nil ? "OTEL_EXPORTER_OTLP_\(end)" : own
    }

    private mutating func noteCompression() {
        let name = exporterName("COMPRESSION")
        guard let wanted = value(name), wanted != "none" else { return }
        warn(name, "spans are sent without compression")
    }

    private mutating func headers() -> [HeaderField] {
        let name = exporterName("HEADERS")
        return pairs(name).compactMap { pair in
            let field = HeaderField(pair.name, pair.value)
            do throws(InvalidRequest) {
                try field.check()
                return field
            } catch {
                // The value may be secret.
                warn(name, "the header \(pair.name) cannot be sent and is left out")
                return nil
            }
        }
    }

    // MARK: - What

    private mutating func sampler() -> TraceSampler {
        let known: [String: (followsParent: Bool, ratio: Double?)] = [
            "always_on": (false, 1), "always_off": (false, 0), "traceidratio": (false, nil),
            "parentbased_always_on": (true, 1), "parentbased_always_off": (true, 0),
            "parentbased_traceidratio": (true, nil),
        ]
        let name = value("OTEL_TRACES_SAMPLER") ?? "parentbased_always_on"
        guard let (followsParent, ratio) = known[name.lowercased()] else {
            warn(
                "OTEL_TRACES_SAMPLER",
                "\(name) is none of \(known.keys.sorted().joined(separator: ", ")); all are recorded")
            return TraceSampler(followsParent: true, ratio: 1)
        }
        return TraceSampler(followsParent: followsParent, ratio: ratio ?? argument())
    }

    private mutating func argument() -> Double {
        guard let text = value("OTEL_TRACES_SAMPLER_ARG") else { return 1 }
        guard let ratio = Double(text), (0...1).contains(ratio) else {
            warn("OTEL_TRACES_SAMPLER_ARG", "expected a number from 0 to 1; all are recorded")
            return 1
        }
        return ratio
    }

    /// The environment's word beats the program's, and `OTEL_SERVICE_NAME` beats both.
    private mutating func resource(of process: TracedProcess) -> [(name: String, value: String)] {
        var resource = process.resource
        func put(_ name: String, _ value: String) {
            if let index = resource.firstIndex(where: { $0.name == name }) {
                resource[index].value = value
            } else {
                resource.append((name, value))
            }
        }
        for pair in pairs("OTEL_RESOURCE_ATTRIBUTES") { put(pair.name, pair.value) }
        if let name = value("OTEL_SERVICE_NAME") { put("service.name", name) }
        return resource
    }

    // MARK: - Reading

    /// An empty variable counts as none.
    private func value(_ name: String) -> String? {
        let text = variables[name]?.trimmingCharacters(in: .whitespaces) ?? ""
        return text.isEmpty ? nil : text
    }

    /// `name=value,…`; in values everything may be percent-encoded.
    private mutating func pairs(_ name: String) -> [(name: String, value: String)] {
        var pairs: [(name: String, value: String)] = []
        for part in (value(name) ?? "").split(separator: ",") {
            let halves = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                .map { $0.trimmingCharacters(in: .whitespaces) }
            guard halves.count == 2, !halves[0].isEmpty, let value = halves[1].removingPercentEncoding else {
                warn(name, "expected name=value,name=value; a part that is not so is left out")
                continue
            }
            pairs.append((halves[0], value))
        }
        return pairs
    }

    private mutating func count(_ name: String, _ range: ClosedRange<Int>, byDefault number: Int) -> Int {
        guard let text = value(name) else { return number }
        guard let count = Int(text), range.contains(count) else {
            warn(name, "expected a number from \(range.lowerBound) to \(range.upperBound); it is \(number) now")
            return number
        }
        return count
    }

    /// From a millisecond to an hour.
    private mutating func milliseconds(_ name: String, byDefault duration: Duration) -> Duration {
        .milliseconds(count(name, 1...3_600_000, byDefault: Int(duration / .milliseconds(1))))
    }

    private mutating func warn(_ variable: String, _ problem: String) { warnings.append("\(variable): \(problem)") }
}
