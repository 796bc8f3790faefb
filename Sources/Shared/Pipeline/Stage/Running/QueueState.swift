package import Queue
import Synchronization

/// Whether a queue server answered last time; set by its clients, read by the status endpoints.
package final class QueueState: Sendable {
    private let health = Mutex<QueueHealth>(.unreachable(reason: "not asked yet"))

    package init() {}

    package var current: QueueHealth { health.withLock { $0 } }

    /// - Returns: whether the server became reachable, or unreachable, just now.
    package func set(_ new: QueueHealth) -> Bool {
        health.withLock { old in
            defer { old = new }
            switch (old, new) {
            case (.reachable, .reachable): return false
            case (.unreachable(let reason), .unreachable): return reason == "not asked yet"
            default: return true
            }
        }
    }
}
