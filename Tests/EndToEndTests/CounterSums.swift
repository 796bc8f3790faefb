import Foundation

/// Expressions for the sums that must be equal, over counters that begin again with their processes.
///
/// What a killed process had counted is what Prometheus saw of it last: exact if nothing has moved since.
struct CounterSums {
    /// Seconds since 1970 at which a stage was dead and not started again.
    private var kills: [(stage: String, time: Double)] = []

    mutating func killed(_ stage: String, at time: Date = .now) {
        kills.append((stage, time.timeIntervalSince1970))
    }

    /// All that has been counted under a name, by the processes that are there and by those that were killed.
    func total(_ name: String, _ matchers: String...) -> String {
        let dead = kills.map { kill in
            let selector = "\(name){\((matchers + ["stage=\"\(kill.stage)\""]).joined(separator: ","))}"
            return "(sum(max_over_time(\(selector)[10m] @ \(kill.time))) or vector(0))"
        }
        return "(" + ([Self.sum(name, matchers)] + dead).joined(separator: " + ") + ")"
    }

    /// Of a gauge, over the processes that are there.
    static func held(_ matchers: String...) -> String { sum("async_processor_held_requests", matchers) }

    private static func sum(_ name: String, _ matchers: [String]) -> String {
        "(sum(\(name){\(matchers.joined(separator: ","))}) or vector(0))"
    }

    /// What a stage held in these places when it was killed, and what so has no end.
    private func lost(with stage: String, in places: String) -> String {
        let lost = kills.filter { $0.stage == stage }.map { kill in
            let selector = "async_processor_held_requests{stage=\"\(stage)\",place=~\"\(places)\"}"
            return "(sum(last_over_time(\(selector)[5s] @ \(kill.time))) or vector(0))"
        }
        return "(" + (["vector(0)"] + lost).joined(separator: " + ") + ")"
    }

    /// Requests that have ended, whatever came of them.
    var ended: String { total("async_processor_settlements_total", #"end!~"parked|released""#) }

    /// Leased − settled − held, in processes.
    ///
    /// What ingest had not sent when it was killed is leased again by another.
    var leased: String {
        """
        \(total("async_processor_leases_total")) - \(total("async_processor_settlements_total"))
        - \(total("async_processor_settlement_refusals_total", #"reason="stale""#))
        - \(Self.held(#"place!~"queue|parked""#)) - \(lost(with: "ingest", in: "leased|link"))
        """
    }

    /// Attempts − answered − tried again − failed − under way.
    ///
    /// Those that dispatch was making when it was killed are made again by another.
    var attempts: String {
        let name = "llm_d_async_async"
        return """
            \(total("\(name)_dispatched_requests_total")) - \(total("\(name)_successful_requests_total"))
            - \(total("\(name)_request_retries_total"))
            - \(total("async_processor_attempts_total", #"class=~"refused|impossible|deadlineExceeded""#))
            - \(total("\(name)_exceeded_deadline_requests_total", #"stage="retry""#))
            - \(Self.held(#"place="gateway""#)) - \(lost(with: "dispatch", in: "gateway"))
            """
    }

    /// Taken from the queue − ended − held.
    var taken: String { "\(total("llm_d_async_async_request_total")) - \(ended) - \(Self.held(#"place!="queue""#))" }

    /// Submitted − ended − held, wherever.
    func submitted(_ count: Int) -> String { "\(count) - \(ended) - \(Self.held())" }
}
