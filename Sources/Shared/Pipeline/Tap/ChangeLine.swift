/// When to say that something has begun or ended that others can begin and end as often as they like: the first change at
/// once, and what has come of it half a minute later, if that is not what was said.
struct ChangeLine: Sendable {
    enum Due: Equatable {
        case nothing
        case now
        case after(Duration)
    }

    private var said = false
    private var saidAt: Duration?

    static let spacing: Duration = .seconds(30)

    /// What to do about the state as it is; `now` counts it as said.
    mutating func due(_ state: Bool, at now: Duration) -> Due {
        guard state != said else { return .nothing }
        if let saidAt, now - saidAt < Self.spacing { return .after(saidAt + Self.spacing - now) }
        said = state
        saidAt = now
        return .now
    }
}
