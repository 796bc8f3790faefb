import Synchronization

/// Asks questions whose answers may never come.
final class Asker: Sendable {
    private let limit: Duration
    /// Questions without an answer yet, those that nobody waits for any more included.
    private let open = Atomic<Int>(0)
    /// Above this many, a question is not even asked: whoever hangs would collect tasks with every scrape.
    private static let mostOpen = 16

    init(limit: Duration) { self.limit = limit }

    /// What `question` returns, or `nil` when that takes longer than the limit.
    ///
    /// Unstructured tasks on purpose: a task group would wait for a child that hangs, and one that awaits a stuck
    /// pipeline thread cannot be cancelled.
    func ask<Answer: Sendable>(_ question: @escaping @Sendable () async -> Answer) async -> Answer? {
        guard open.load(ordering: .relaxed) < Self.mostOpen else { return nil }
        open.add(1, ordering: .relaxed)
        return await withCheckedContinuation { continuation in
            let first = First(continuation)
            let timer = Task { [limit] in
                try? await Task.sleep(for: limit)
                first.resume(returning: nil)
            }
            Task {
                let answer = await question()
                self.open.subtract(1, ordering: .relaxed)
                first.resume(returning: answer)
                timer.cancel()
            }
        }
    }
}

/// A continuation that takes the first of two answers.
private final class First<Answer: Sendable>: Sendable {
    private let continuation: Mutex<CheckedContinuation<Answer?, Never>?>

    init(_ continuation: CheckedContinuation<Answer?, Never>) { self.continuation = Mutex(continuation) }

    func resume(returning answer: Answer?) {
        let waiting = continuation.withLock { continuation in
            defer { continuation = nil }
            return continuation
        }
        waiting?.resume(returning: answer)
    }
}
