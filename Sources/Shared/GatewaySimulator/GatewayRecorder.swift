import Synchronization

/// Every request a simulator has seen, in the order of arrival; may be asked on any thread.
package final class GatewayRecorder: Sendable {
    private struct State {
        var requests: [GatewayRequest] = []
        var waiters: [Int: Waiter] = [:]
        var lastWaiter = 0
    }
    private struct Waiter {
        var count: Int
        var continuation: CheckedContinuation<Void, any Error>
    }
    private let state = Mutex(State())

    /// All requests so far.
    package var requests: [GatewayRequest] { state.withLock { $0.requests } }

    /// Waits until at least `count` requests have arrived, answered or not, and returns all of them.
    ///
    /// Ends with `CancellationError` when the task is cancelled; put a limit around it.
    package func requests(atLeast count: Int) async throws -> [GatewayRequest] {
        let id = state.withLock { state in
            state.lastWaiter += 1
            return state.lastWaiter
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { wait(id, for: count, $0) }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: id) }?.continuation.resume(throwing: CancellationError())
        }
        return requests
    }

    private func wait(_ id: Int, for count: Int, _ continuation: CheckedContinuation<Void, any Error>) {
        let outcome: Result<Void, any Error>? = state.withLock { state in
            if state.requests.count >= count { return .success(()) }
            // Cancelled later, the handler finds the waiter; cancelled before, it has come and gone.
            if Task.isCancelled { return .failure(CancellationError()) }
            state.waiters[id] = Waiter(count: count, continuation: continuation)
            return nil
        }
        if let outcome { continuation.resume(with: outcome) }
    }

    func arrived(_ request: GatewayRequest) {
        let due = state.withLock { state in
            state.requests.append(request)
            let due = state.waiters.filter { $0.value.count <= state.requests.count }
            for id in due.keys { state.waiters[id] = nil }
            return due
        }
        for waiter in due.values { waiter.continuation.resume() }
    }

    /// Requests are numbered in the order they were added, so the number is the place.
    func ended(_ number: Int, _ outcome: GatewayRequest.Outcome) {
        state.withLock { $0.requests[number - 1].outcome = outcome }
    }
}
