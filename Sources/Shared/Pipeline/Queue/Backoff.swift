/// Growing waits between tries at something that fails: 50 ms, doubled up to 2 s, each with ±25 % of jitter.
package struct Backoff: Sendable {
    private let first: Duration
    private var next: Duration
    private static let longest = Duration.seconds(2)

    /// - Parameter first: the first wait, before its spread; each is twice the one before it, up to two seconds.
    package init(first: Duration = .milliseconds(50)) {
        self.first = first
        next = first
    }

    package mutating func reset() { next = first }

    /// How long to wait this time.
    package mutating func delay() -> Duration {
        defer { next = min(next * 2, Self.longest) }
        return next * Double.random(in: 0.75..<1.25)
    }

    /// Waits; returns early when the task is cancelled.
    package mutating func wait() async { try? await Task.sleep(for: delay()) }
}
