import Foundation
import Synchronization

/// How requests come.
package enum Load: Sendable, Equatable {
    /// All at once.
    case burst
    /// So many a second.
    case steady(Double)

    /// How many requests must have been published `elapsed` after the start.
    func due(after elapsed: Duration, of total: Int) -> Int {
        switch self {
        case .burst: total
        case .steady(let rate): min(total, Int(rate * elapsed.inSeconds))
        }
    }
}

/// A thread that serves a queue until it is told to stop, and connects again whenever the server was away.
private final class ClientThread: Sendable {
    private let isStopped = Atomic(false)

    /// - Parameter turn: works with a connection; says how long to rest, or `nil` when there is no more to do.
    func start(_ queue: any QueueUnderTest, _ turn: @escaping @Sendable (any QueueSession) throws -> Duration?) {
        Thread { [self] in
            var session: (any QueueSession)?
            while !isStopped.load(ordering: .relaxed) {
                do {
                    let current = try session ?? queue.connect()
                    session = current
                    guard let rest = try turn(current) else { return }
                    if rest > .zero { Thread.sleep(forTimeInterval: rest.inSeconds) }
                } catch {
                    session = nil
                    Thread.sleep(forTimeInterval: 0.02)
                }
            }
        }.start()
    }

    func stop() { isStopped.store(true, ordering: .relaxed) }
}

/// Publishes a run's requests.
package final class Producer: Sendable {
    private struct State {
        /// Number behind the last.
        var total: Int
        let first: Int
        /// Published for certain.
        var published: Int
        /// The end of the batch that is on its way.
        var announced: Int
    }

    private static let batch = 500
    private let thread = ClientThread()
    private let state: Mutex<State>

    /// - Parameters:
    ///   - first: number of the first request.
    ///   - total: number behind the last.
    package init(
        _ queue: any QueueUnderTest, _ traffic: Traffic, _ load: Load, from first: Int = 0, total: Int,
        books: ResultBooks, clock: RunClock
    ) {
        state = Mutex(State(total: total, first: first, published: first, announced: first))
        let begin = clock.now
        thread.start(queue) { [self] session in
            guard let numbers = next(load, after: clock.now - begin) else { return nil }
            if numbers.isEmpty { return .milliseconds(5) }
            // Known before anybody can answer it.
            books.produced(numbers.upperBound)
            try session.publish(numbers.map(traffic.request), first: numbers.lowerBound)
            state.withLock { $0.published = numbers.upperBound }
            return .zero
        }
    }

    /// The next batch: the same again if it may not have been taken; `nil` after the last.
    private func next(_ load: Load, after elapsed: Duration) -> Range<Int>? {
        state.withLock { state in
            if state.announced == state.published {
                if state.published >= state.total { return nil }
                let all = state.first + load.due(after: elapsed, of: state.total - state.first)
                let due = min(all, state.published + Self.batch)
                state.announced = max(due, state.published)
            }
            return state.published..<state.announced
        }
    }

    /// Whether every request has been published.
    package var isDone: Bool { state.withLock { $0.published >= $0.total } }

    /// Publishes no more than it has begun.
    package func finish() { state.withLock { $0.total = $0.announced } }

    package func stop() { thread.stop() }
}

/// Reads results as they come.
package final class Collector: Sendable {
    private let thread = ClientThread()

    package init(_ queue: any QueueUnderTest, books: ResultBooks) {
        let position = Mutex(0)
        thread.start(queue) { session in
            let from = position.withLock(\.self)
            let results = try session.results(from: from, limit: 500)
            books.arrived(results)
            position.withLock { $0 += results.count }
            return results.count < 500 ? .milliseconds(5) : .zero
        }
    }

    package func stop() { thread.stop() }
}
