/// Growing waits between tries at something that fails: 50 ms, doubled up to 2 s, each with ±25 % of jitter.
package struct Backoff: Sendable {
    private var next = Self.first
    private static let first = Duration.milliseconds(50)
    private static let longest = Duration.seconds(2)

    package init() {}

    package mutating func reset() { next = Self.first }

    /// How long to wait this time.
    package mutating func delay() -> Duration {
        defer { next = min(next * 2, Self.longest) }
        return next * Double.random(in: 0.75..<1.25)
    }

    /// Waits; returns early when the task is cancelled.
    package mutating func wait() async { try? await Task.sleep(for: delay()) }
}
