import Synchronization

/// What the producer and the consumer of a channel know that nobody could know later: who was told that nobody listened,
/// and when results could not be heard.
package final class RedisPubSubBooks: Sendable {
    /// Requests published by one call.
    struct Batch: Sendable, Equatable {
        var first: Int
        /// Number behind the last.
        var end: Int
        var began: ContinuousClock.Instant
        var ended: ContinuousClock.Instant
    }

    private struct State {
        var batches: [Batch] = []
        /// Number of the first request of the batch that is on its way, and since when.
        var underWay: (first: Int, began: ContinuousClock.Instant)?
        var unheard: Set<Int> = []
        var results: [[UInt8]] = []
        var forgotten = 0
        var deaf: [ClosedRange<ContinuousClock.Instant>] = []
        /// Results are not heard since then.
        var deafSince: ContinuousClock.Instant? = .now
    }

    private let state = Mutex(State())

    package init() {}

    /// A batch is published now, perhaps again.
    func publishes(_ first: Int) {
        state.withLock { state in if state.underWay?.first != first { state.underWay = (first, .now) } }
    }

    /// - Parameter receivers: how many heard each request, as the server answered.
    func published(_ first: Int, _ receivers: [Int]) {
        state.withLock { state in
            let began = state.underWay.map { $0.first == first ? $0.began : .now } ?? .now
            state.batches.append(Batch(first: first, end: first + receivers.count, began: began, ended: .now))
            for (index, count) in receivers.enumerated() where count == 0 { state.unheard.insert(first + index) }
        }
    }

    /// How many requests nobody listened to.
    var unheardCount: Int { state.withLock(\.unheard.count) }

    /// A request to which nobody listened.
    func isUnheard(_ request: Int) -> Bool { state.withLock { $0.unheard.contains(request) } }

    /// When a request was published; `nil` if it was not.
    func batch(of request: Int) -> Batch? {
        state.withLock { state in
            // The first batch that ends behind it.
            var (low, high) = (0, state.batches.count)
            while low < high {
                let middle = (low + high) / 2
                if state.batches[middle].end > request { high = middle } else { low = middle + 1 }
            }
            return low < state.batches.count && state.batches[low].first <= request ? state.batches[low] : nil
        }
    }

    // MARK: Results

    /// Results are heard from now on, or no longer.
    func hears(_ isListening: Bool) {
        state.withLock { state in
            if isListening, let since = state.deafSince {
                state.deaf.append(since...ContinuousClock.now)
                state.deafSince = nil
            } else if !isListening, state.deafSince == nil {
                state.deafSince = .now
            }
        }
    }

    /// When results were not heard.
    var deaf: [ClosedRange<ContinuousClock.Instant>] {
        state.withLock { state in state.deaf + (state.deafSince.map { [$0...max($0, .now)] } ?? []) }
    }

    func consume(_ results: [[UInt8]]) { state.withLock { $0.results += results } }

    /// Results from the `position`-th on; those before it are forgotten.
    func results(from position: Int, limit: Int) -> [[UInt8]] {
        state.withLock { state in
            let read = min(max(0, position - state.forgotten), state.results.count)
            state.results.removeFirst(read)
            state.forgotten += read
            return Array(state.results.prefix(limit))
        }
    }
}
