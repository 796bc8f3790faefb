/// Whether a stage that ended is started again.
///
/// Nothing is lost by a crash, so it is, after a pause that doubles; but not forever.
struct RestartPolicy: Equatable {
    enum End: Equatable {
        case exited(Int32)
        case signalled(Int32)
    }

    enum Decision: Equatable {
        /// Seconds to wait.
        case restart(after: Double)
        /// Starting it again will not help.
        case giveUp(reason: String)
    }

    /// Restarts within `window` seconds.
    static let limit = 5
    static let window = 60.0

    private var ends: [Double] = []

    /// - Parameter now: seconds on a clock that only goes forward.
    mutating func decide(_ end: End, now: Double) -> Decision {
        if let reason = end.lastingReason { return .giveUp(reason: reason) }
        ends.removeAll { $0 <= now - Self.window }
        ends.append(now)
        if ends.count > Self.limit {
            return .giveUp(reason: "ended \(ends.count) times within \(Int(Self.window)) seconds, last with \(end)")
        }
        return .restart(after: min(2, 0.1 * Double(1 << (ends.count - 1))))
    }
}

extension RestartPolicy.End {
    /// Why starting the stage again cannot help; `nil` when it may.
    var lastingReason: String? {
        switch self {
        case .exited(64): "does not accept its settings"
        case .exited(StageProcessCommand.cannotStart): "cannot be started"
        default: nil
        }
    }
}

extension RestartPolicy.End: CustomStringConvertible {
    var description: String {
        switch self {
        case .exited(let code): "exit status \(code)"
        case .signalled(let signal): "signal \(signal)"
        }
    }
}
