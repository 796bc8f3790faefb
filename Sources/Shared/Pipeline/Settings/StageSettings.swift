package import Logging

/// What all stages are told, everything resolved; endpoints a stage has no use for are `nil` or empty.
package struct StageSettings: Sendable, Equatable {
    package var stage: StageName
    /// Stages of another pipeline are refused, and refuse.
    package var pipeline: String
    /// Where envelopes arrive; `nil` for ingest.
    package var listen: Endpoint?
    /// Where its receivers are; each is empty unless the stage sends there.
    package var dispatch: [Endpoint] = []
    package var retry: [Endpoint] = []
    package var emit: [Endpoint] = []
    /// Where reports arrive; `nil` for emit.
    package var acks: Endpoint?
    /// What receivers are told about that, if not the address bound.
    package var acksAdvertise: Endpoint?
    package var bindHost: String
    package var metricsHost: String
    /// 0 for no status endpoints.
    package var metricsPort: Int
    package var tap: Endpoint?
    package var tapPayloads: Bool
    package var drainTimeout: Duration
    /// `nil`: never.
    package var stuckAfter: Duration?
    package var requestTimeout: Duration
    package var maxUnackedBytes: Int
    package var maxDeliveries: Int
    package var logLevel: Logger.Level
    package var logFormat: LogFormat
    /// What was found odd but goes; for the start-up log.
    package var warnings: [String] = []

    /// Flags and their values, secrets hidden, for `/status` and the start-up log.
    package func describe() -> [(name: String, value: String)] {
        var list: [(name: String, value: String)] = []
        func add(_ name: String, _ value: (any CustomStringConvertible)?) {
            if let value { list.append((name, value.description)) }
        }
        func add(_ name: String, _ endpoints: [Endpoint]) {
            if !endpoints.isEmpty { add(name, EndpointList(endpoints)) }
        }
        add("--pipeline", pipeline)
        add("--listen", listen)
        add("--dispatch", dispatch)
        add("--retry", retry)
        add("--emit", emit)
        add("--acks", acks)
        add("--acks-advertise", acksAdvertise)
        add("--metrics-host", metricsHost)
        add("--metrics-port", metricsPort)
        add("--tap", tap)
        if tap != nil { add("--tap-payloads", tapPayloads) }
        add("--drain-timeout", Seconds(drainTimeout / .seconds(1)))
        if let stuckAfter { add("--stuck-after", Seconds(stuckAfter / .seconds(1))) }
        add("--max-unacked-bytes", maxUnackedBytes)
        if stage != .emit { add("--max-deliveries", maxDeliveries) }
        add("--log-level", logLevel.rawValue)
        add("--log-format", logFormat.rawValue)
        return list
    }
}
