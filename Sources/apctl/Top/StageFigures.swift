import GateRules

/// What `/metrics` of a stage says, as far as people are shown it.
struct StageFigures: Equatable, Sendable {
    /// Those that are read; docs/operations.md explains them.
    enum Metric: String, CaseIterable {
        case leases = "async_processor_leases_total"
        case linkSent = "async_processor_link_sent_total"
        case linkDone = "async_processor_link_done_total"
        case linkSentAgain = "async_processor_link_sent_again_total"
        case linkRoom = "async_processor_link_room"
        case linkOldest = "async_processor_link_oldest_open_seconds"
        case held = "async_processor_held_requests"
        case successful = "llm_d_async_async_successful_requests_total"
        case failed = "llm_d_async_async_failed_requests_total"
        case missed = "llm_d_async_async_exceeded_deadline_requests_total"
        case retries = "llm_d_async_async_request_retries_total"
        case latencyBucket = "llm_d_async_async_inference_latency_time_millis_bucket"
        case latencySum = "llm_d_async_async_inference_latency_time_millis_sum"
        case atRisk = "async_processor_requests_at_risk"
        case slotsRequired = "async_processor_slots_required"
        case eta = "async_processor_eta_seconds"
        case slots = "async_processor_slots"
        case processor = "process_cpu_seconds_total"
        case memory = "process_resident_memory_bytes"
        case start = "process_start_time_seconds"
    }

    typealias Labels = [String: String]

    private let samples: [String: [MetricSample]]

    /// - Parameter page: In the text format of Prometheus; what is not understood, or cannot be, is left out.
    init(page: String) {
        let all = MetricsPage.samples(of: Set(Metric.allCases.map(\.rawValue)), in: Array(page.utf8)[...])
        samples = Dictionary(
            uniqueKeysWithValues: all.map { name, samples in
                (name, samples.filter { Self.canBe($0.value, Metric(rawValue: name)) })
            })
    }

    /// Whether a number is one of requests, seconds or bytes; with others sums and largest values would say nothing.
    private static func canBe(_ value: Double, _ metric: Metric?) -> Bool {
        // While nothing ends it takes for ever.
        value == .infinity ? metric == .eta : (0..<1e15).contains(value)
    }

    /// Over all labels that are wanted; `nil`: the page has none of them.
    func sum(_ metric: Metric, where isWanted: (Labels) -> Bool = { _ in true }) -> Double? {
        let values = values(metric, isWanted)
        return values.isEmpty ? nil : values.reduce(0, +)
    }

    /// The largest of those whose labels are wanted; `nil`: the page has none of them.
    func largest(_ metric: Metric, where isWanted: (Labels) -> Bool = { _ in true }) -> Double? {
        values(metric, isWanted).max()
    }

    /// The sums by the values of labels; samples without one of them are left out.
    func sums(_ metric: Metric, by labels: [String]) -> [[String]: Double] {
        (samples[metric.rawValue] ?? []).reduce(into: [:]) { sums, sample in
            let values = labels.compactMap { sample.labels[$0]?.limited }
            guard values.count == labels.count else { return }
            sums[values, default: 0] += sample.value
        }
    }

    /// The sums by the value of one label.
    func sums(_ metric: Metric, by label: String) -> [String: Double] {
        Dictionary(sums(metric, by: [label]).map { ($0.key.first ?? "", $0.value) }) { first, _ in first }
    }

    private func values(_ metric: Metric, _ isWanted: (Labels) -> Bool) -> [Double] {
        (samples[metric.rawValue] ?? []).filter { isWanted($0.labels) }.map(\.value)
    }
}
