/// Why nothing moves in a stage, as `/status` and the gauges say it.
package enum StallReason: String, Sendable, CaseIterable {
    case noPeers = "no_peers"
    case noRoom = "no_room"
    case queueEmpty = "queue_empty"
    case gatewaySlotsFull = "gateway_slots_full"
    case queueServerAway = "queue_server_away"
    case gatewayAway = "gateway_away"
    case gateClosed = "gate_closed"
    case draining
    case wrongWiring = "wrong_wiring"

    /// For people.
    package var text: String {
        switch self {
        case .noPeers: "no peer is connected on a link"
        case .noRoom: "no peer has room"
        case .queueEmpty: "no request waits in the queue that is due"
        case .gatewaySlotsFull: "all slots for the gateway are taken"
        case .queueServerAway: "the queue server does not answer"
        case .gatewayAway: "the gateway is away, or answers nothing but errors"
        case .gateClosed: "a gate lets nothing through"
        case .draining: "the stage is draining"
        case .wrongWiring: "a link or a store is not the one it should be"
        }
    }
}

/// One gauge per reason: 1 while it holds, 0 otherwise.
package struct StallMetrics: Sendable {
    private let gauges: [StallReason: Gauge]

    package init(registry: MetricsRegistry) {
        gauges = Dictionary(
            uniqueKeysWithValues: StallReason.allCases.map { reason in
                let gauge = registry.gauge(
                    "async_processor_stalled", help: "1 while this is a reason why nothing moves.",
                    labels: [("reason", reason.rawValue)])
                return (reason, gauge)
            })
    }

    package func set(_ reasons: Set<StallReason>) {
        for (reason, gauge) in gauges { gauge.set(reasons.contains(reason) ? 1 : 0) }
    }
}
