import PipelineMetrics

/// For how long there has been work that nothing known keeps, and none of it has gone on.
///
/// A value: time is passed in.
struct WorkWatch: Sendable, Equatable {
    /// What a stage finds when it looks at itself.
    struct Look: Sendable, Equatable {
        /// Requests that have ended here or were sent on, since the process began.
        var moved: UInt64
        /// There are requests that the stage itself has to bring on, here or in the queue.
        var hasWork: Bool
        /// Why nothing moves, as far as it is known.
        var reasons: Set<StallReason>
    }

    private var moved: UInt64 = 0
    private var since: Duration?

    mutating func look(_ look: Look, at now: Duration) {
        let isStuck = look.hasWork && look.moved == moved && !look.reasons.contains(where: \.isGoodReason)
        since = isStuck ? since ?? now : nil
        moved = look.moved
    }

    func stuck(at now: Duration) -> Duration { since.map { now - $0 } ?? .zero }
}

extension StallReason {
    /// A restart would change nothing: what is waited for is elsewhere.
    ///
    /// Not so full slots: attempts end in time. Nor that nothing is leased, while requests wait in the queue.
    fileprivate var isGoodReason: Bool {
        switch self {
        case .noPeers, .noRoom, .queueServerAway, .gatewayAway, .gateClosed, .draining, .wrongWiring: true
        case .queueEmpty, .gatewaySlotsFull: false
        }
    }
}
