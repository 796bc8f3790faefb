import Messages
import Queue
import Redis
import Synchronization

/// Connects the callers that wait for requests with the thread that brings them.
final class LeaseWaiters: Sendable {
    private struct Waiter {
        let number: Int
        let limit: Int
        let continuation: CheckedContinuation<Result<[Delivery], QueueError>, Never>
    }

    private struct State {
        var waiters: [Waiter] = []
        var connecting: [CheckedContinuation<Result<Void, QueueError>, Never>] = []
        var health = QueueHealth.unreachable(reason: "not connected yet")
        var counts = RedisPubSubCounts()
        var nextNumber = 0
        var mustLook = true
        var isClosed = false
        var hasEnded = false
        var ending: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())
    let wakeUp = WakeUp()

    // MARK: For callers of the source

    func lease(limit: Int) async throws(QueueError) -> [Delivery] {
        let number = state.withLock { state in
            state.nextNumber += 1
            return state.nextNumber
        }
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let hasEnded = state.withLock { state in
                    if !state.hasEnded {
                        state.waiters.append(
                            Waiter(number: number, limit: max(1, limit), continuation: continuation))
                    }
                    return state.hasEnded
                }
                if hasEnded { return continuation.resume(returning: .failure(Self.isOver)) }
                wakeUp.signal()
                if Task.isCancelled { cancel(number) }
            }
        } onCancel: {
            cancel(number)
        }
        return try result.get()
    }

    private func cancel(_ number: Int) {
        let waiter = state.withLock { state in
            state.waiters.firstIndex { $0.number == number }.map { state.waiters.remove(at: $0) }
        }
        waiter?.continuation.resume(returning: .success([]))
    }

    /// Returns once the thread is connected; throws when it has failed to connect.
    func awaitConnection() async throws(QueueError) {
        let result = await withCheckedContinuation { continuation in
            let known: Result<Void, QueueError>? = state.withLock { state in
                if state.hasEnded { return .failure(Self.isOver) }
                if state.health == .reachable { return .success(()) }
                state.connecting.append(continuation)
                return nil
            }
            if let known { continuation.resume(returning: known) } else { wakeUp.signal() }
        }
        try result.get()
    }

    var health: QueueHealth { state.withLock(\.health) }

    var counts: RedisPubSubCounts { state.withLock(\.counts) }

    /// A request may be due: the thread checks before it waits again.
    func lookSoon() {
        state.withLock { $0.mustLook = true }
        wakeUp.signal()
    }

    /// Ends the thread.
    func close() {
        state.withLock { $0.isClosed = true }
        wakeUp.signal()
    }

    /// Returns when the thread has ended.
    func awaitEnd() async {
        await withCheckedContinuation { continuation in
            let hasEnded = state.withLock { state in
                if !state.hasEnded { state.ending.append(continuation) }
                return state.hasEnded
            }
            if hasEnded { continuation.resume() }
        }
    }

    private static let isOver = QueueError(operation: "listen to the channel", reason: "the source was stopped")

    // MARK: For the thread

    /// Ends all waits: the callers that wait are told so.
    func ended() {
        let waiting = state.withLock { state in
            defer { state.ending = [] }
            state.hasEnded = true
            return state.ending
        }
        failed(Self.isOver)
        for continuation in waiting { continuation.resume() }
    }

    var isClosed: Bool { state.withLock(\.isClosed) }

    /// How many requests the callers wait for.
    var demand: Int { state.withLock { $0.waiters.reduce(0) { $0 + $1.limit } } }

    /// Whether a check was requested since this was last read.
    func takeMustLook() -> Bool {
        state.withLock { state in
            defer { state.mustLook = false }
            return state.mustLook
        }
    }

    func count(_ change: (inout RedisPubSubCounts) -> Void) { state.withLock { change(&$0.counts) } }

    /// Hands out deliveries, oldest waiter first; returns those that no caller waits for any more.
    func deliver(_ deliveries: [Delivery]) -> [Delivery] {
        var rest = deliveries[...]
        while !rest.isEmpty {
            guard let waiter = state.withLock({ $0.waiters.isEmpty ? nil : $0.waiters.removeFirst() }) else { break }
            waiter.continuation.resume(returning: .success(Array(rest.prefix(waiter.limit))))
            rest = rest.dropFirst(waiter.limit)
        }
        return Array(rest)
    }

    /// Whether a caller waits for a connection.
    var isAwaited: Bool { state.withLock { !$0.connecting.isEmpty } }

    func connected() {
        let connecting = state.withLock { state in
            defer { state.connecting = [] }
            state.health = .reachable
            return state.connecting
        }
        for continuation in connecting { continuation.resume(returning: .success(())) }
    }

    /// Tells all waiting callers that the server cannot be used.
    func failed(_ error: QueueError) {
        let (connecting, waiters) = state.withLock { state in
            defer { (state.connecting, state.waiters) = ([], []) }
            state.health = .unreachable(reason: error.description)
            return (state.connecting, state.waiters)
        }
        for continuation in connecting { continuation.resume(returning: .failure(error)) }
        for waiter in waiters { waiter.continuation.resume(returning: .failure(error)) }
    }
}
