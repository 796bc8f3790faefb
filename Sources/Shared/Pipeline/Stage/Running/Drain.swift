import Synchronization

/// Whether the process has been asked to stop, and how far that is.
package final class Drain: Sendable {
    private let end = Mutex<ContinuousClock.Instant?>(nil)

    package init() {}

    package var isSet: Bool { end.withLock { $0 != nil } }

    /// - Parameter end: when what is left is given up.
    package func set(until end: ContinuousClock.Instant) { self.end.withLock { $0 = end } }

    /// `draining: 12 requests left, 25 s until they are given up`; `nil` before.
    package func progress(left: Int, now: ContinuousClock.Instant = .now) -> String? {
        guard let end = end.withLock({ $0 }) else { return nil }
        let seconds = max(0, Int(((end - now) / .seconds(1)).rounded(.up)))
        return "draining: \(left) \(left == 1 ? "request" : "requests") left, \(seconds) s until they are given up"
    }
}
