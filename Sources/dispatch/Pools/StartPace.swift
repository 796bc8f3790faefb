/// Spreads starts over a flight, so that no pause and no leap of a limit ends in a herd: a token bucket.
///
/// A value: time is passed in, seconds.
struct StartPace: Sendable, Equatable {
    /// So many times the limit may start within a flight.
    private static let leeway = 2.0
    /// What the bucket holds: a quarter of a second, and two at least.
    private static let depth = 0.25
    private static let least = 2.0

    private var tokens = least
    private var then = 0.0
    private(set) var rate = least

    /// To be called when limit or flight have changed.
    mutating func set(limit: Double, flight: Double) { rate = max(Self.least, Self.leeway * limit / flight) }

    mutating func mayStart(at now: Double) -> Bool {
        tokens = min(max(Self.least, rate * Self.depth), tokens + max(0, now - then) * rate)
        then = now
        return tokens >= 1
    }

    mutating func started() { tokens -= 1 }

    /// When the next one may start, if nothing starts until then.
    func nextStart(after now: Double) -> Double? { tokens >= 1 ? nil : now + (1 - tokens) / rate }
}
