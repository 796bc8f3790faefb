import HTTP
package import Messages

/// What an answer tells about the room at the gateway and in the engines behind it.
package struct LoadWord: Sendable, Equatable {
    /// Why the gateway has dropped a request, as `x-llm-d-request-dropped-reason` says.
    package enum Dropped: Sendable, Equatable {
        /// There is no room.
        case saturated
        /// It has waited in the gateway for too long.
        case expired
        /// It had to make way for another, which says nothing about room.
        case evicted

        init?(_ reason: String) {
            switch reason {
            case "rejected-saturated": self = .saturated
            case "rejected-ttl-expired": self = .expired
            case _ where reason.hasPrefix("evicted"): self = .evicted
            default: return nil
            }
        }
    }

    package var dropped: Dropped?
    /// For how long the gateway wants to hear nothing; of 429 and 5xx.
    package var retryAfter: Duration?
    /// Of an answer with status 2xx.
    package var figures: AnswerFigures?
    /// Requests that wait in the engine that has answered.
    package var engineWaiting: Int?
    /// Of the body.
    package var bytes = 0

    package init() {}

    static let responseHeaders = ["x-llm-d-flow-queue-duration-ms", "endpoint-load-metrics"]
    /// Asks an engine to say how full it is (ORCA).
    package static let question = HeaderField("endpoint-load-metrics-format", "TEXT")

    /// - Parameter now: Unix seconds, for a `Retry-After` that is a date.
    init(_ response: HTTPResponse, now: Int64) {
        bytes = response.body.count
        dropped = response.header("x-llm-d-request-dropped-reason").flatMap(Dropped.init)
        if response.statusCode == 429 || response.statusCode >= 500 {
            retryAfter = response.header("Retry-After").flatMap { RetryAfter.parse($0, now: now) }
                .map { .milliseconds($0) }
        }
        guard (200..<300).contains(response.statusCode) else { return }
        var figures = AnswerFigures(response.body)
        figures.gatewayQueueTime = response.header("x-llm-d-flow-queue-duration-ms").flatMap(Double.init)
            .flatMap(AnswerFigures.milliseconds)
        self.figures = figures
        engineWaiting = response.header("endpoint-load-metrics").flatMap(Self.waiting)
    }

    /// Such as `TEXT named_metrics.kv_cache_usage_perc=0.4, named_metrics.num_requests_waiting=3`.
    static func waiting(_ text: String) -> Int? {
        for part in text.prefix(2048).split(whereSeparator: { $0 == "," || $0 == " " || $0 == ";" }) {
            let halves = part.split(separator: "=", maxSplits: 1)
            guard halves.count == 2, halves[0].hasSuffix("num_requests_waiting"), let value = Double(halves[1]),
                (0...1e9).contains(value)
            else { continue }
            return Int(value)
        }
        return nil
    }
}
