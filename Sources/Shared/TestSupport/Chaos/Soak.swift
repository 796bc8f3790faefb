/// What a soak does to the system, once every half minute.
///
/// Two processes of each kind: the second is killed and ended, the first only frozen, cut off and left without its
/// server, so that its memory can be watched from beginning to end.
package enum Soak {
    package static let pause = Duration.seconds(30)

    package static var layout: Layout {
        var layout = Layout(ingest: 2, dispatch: 2, retry: 2, emit: 2)
        layout.concurrency = 64
        layout.hasLinkProxies = true
        layout.hasServerProxies = true
        return layout
    }

    package static var gateway: GatewayBehaviour { GatewayBehaviour(latency: .milliseconds(10), refused: 0.05) }

    /// Everything that may happen; each is over within half of the pause.
    package static var faults: [Fault] {
        StageKind.allCases.flatMap { kind -> [Fault] in
            [
                .kill([kind.name(2)]), .terminate([kind.name(2)]), .freeze([kind.name(1)], for: .seconds(5)),
                .freeze([kind.name(2)], for: .seconds(10)),
            ]
        } + [
            .serverAway(.milliseconds(100), kill: false), .serverAway(.seconds(2), kill: false),
            .freezeServer(.seconds(3)), .links(.stages, .cut), .links(.stages, .refused(.seconds(1))),
            .links(.stages, .delayed(.milliseconds(100), for: .seconds(3))),
            .links(.toServer, .cut), .links(.toServer, .swallowed(toServer: false, for: .seconds(4))),
            .links(.ingestToServer, .replyLost), .links(.emitToServer, .replyLost),
        ]
    }

    /// One fault every half minute for so long; each kind comes once before any comes again.
    package static func schedule(minutes: Int, seed: UInt64) -> [Fault] {
        var random = ChaosRandom(seed: seed)
        let count = Int(Duration.seconds(60 * minutes) / pause)
        var schedule: [Fault] = []
        while schedule.count < count { schedule += faults.shuffled(using: &random) }
        return Array(schedule.prefix(count))
    }
}
