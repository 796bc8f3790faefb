import Foundation
import Synchronization

/// Calls that may block for ever, such as reading a file of a mount that hangs, away from whoever cannot wait.
///
/// One at a time, on a thread of its own: while one hangs no other begins, so that a mount that never answers costs one
/// thread.
package final class BlockingCall: Sendable {
    package enum Outcome<Value: Sendable>: Sendable {
        case done(Value)
        /// It takes longer than the limit; what comes of it in the end is dropped.
        case late
        /// The one before has not come back yet.
        case busy
    }

    private let isBusy = Mutex(false)

    package init() {}

    /// Whether a call has not come back yet.
    package var isUnderWay: Bool { isBusy.withLock { $0 } }

    /// Waits, at most for `limit`, without blocking anybody.
    package func run<Value>(
        within limit: Duration, _ work: @escaping @Sendable () -> Value
    ) async -> Outcome<Value> {
        await withCheckedContinuation { continuation in
            let answer = Once<Outcome<Value>> { continuation.resume(returning: $0) }
            guard begin(work, then: { answer.give(.done($0)) }) else { return answer.give(.busy) }
            Task { @PipelineActor in EventLoop.shared.schedule(after: limit) { answer.give(.late) } }
        }
    }

    /// Waits, at most for `limit`, and blocks the caller meanwhile: for the time before anything runs.
    package func wait<Value>(
        within limit: Duration, _ work: @escaping @Sendable () -> Value
    ) -> Outcome<Value> {
        let result = Place<Value>()
        let isDone = DispatchSemaphore(value: 0)
        let hasBegun = begin(work) { value in
            result.put(value)
            isDone.signal()
        }
        guard hasBegun else { return .busy }
        _ = isDone.wait(timeout: .now() + limit / .seconds(1))
        return result.value.map { .done($0) } ?? .late
    }

    /// - Returns: `false` if the one before has not come back.
    private func begin<Value>(
        _ work: @escaping @Sendable () -> Value, then: @escaping @Sendable (Value) -> Void
    ) -> Bool {
        let isFree = isBusy.withLock { isBusy in
            defer { isBusy = true }
            return !isBusy
        }
        guard isFree else { return false }
        Thread.detachNewThread { [self] in
            let value = work()
            isBusy.withLock { $0 = false }
            then(value)
        }
        return true
    }
}

/// Where one thread leaves a value for another.
private final class Place<Value: Sendable>: Sendable {
    private let content = Mutex<Value?>(nil)
    var value: Value? { content.withLock { $0 } }
    func put(_ value: Value) { content.withLock { $0 = value } }
}

/// Passes on the first of several answers.
private final class Once<Value: Sendable>: Sendable {
    private let give: Mutex<(@Sendable (Value) -> Void)?>

    init(_ give: @escaping @Sendable (Value) -> Void) { self.give = Mutex(give) }

    func give(_ value: Value) {
        let give = give.withLock { give in
            defer { give = nil }
            return give
        }
        give?(value)
    }
}
