/// Something that is counted for each queue apart.
///
/// Not thread safe: a value of whoever reads the envelopes. Beyond `capacity` names, which only a stranger on the port can
/// cause, queues share what is named `other`.
package struct MetricsByQueue<Metrics> {
    private let capacity: Int
    private let make: (String) -> Metrics
    private var known: [String: Metrics] = [:]
    /// The one asked for last: the next envelope is mostly of the same queue.
    private var recent: (queue: String, metrics: Metrics)?

    /// - Parameter make: those of a queue of this name.
    package init(capacity: Int = 1_000, make: @escaping (String) -> Metrics) {
        self.capacity = capacity
        self.make = make
    }

    /// The metrics of the queue an envelope names, made when the name is new.
    package subscript(queue queue: String) -> Metrics {
        mutating get {
            if let recent, recent.queue == queue { return recent.metrics }
            let metrics = find(queue)
            recent = (queue, metrics)
            return metrics
        }
    }

    private mutating func find(_ queue: String) -> Metrics {
        if let metrics = known[queue] { return metrics }
        let isKept = known.count < capacity
        let metrics = make(isKept ? queue : "other")
        if isKept { known[queue] = metrics }
        return metrics
    }
}
