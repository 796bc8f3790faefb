import Synchronization

/// Keeps the books on results.
package final class ResultBooks: Sendable {
    private struct State {
        var produced = 0
        var batches: [Batch] = []
        var counts: [UInt8] = []
        var seen: [Int: Duration] = [:]
        var arrived = 0
        var answered = 0
        var second: [Int] = []
        var secondSeen: [Duration] = []
        var wrong: [Int] = []
        var strangers: [String] = []
        var last = Duration.zero
    }

    private let state = Mutex(State())
    private let traffic: Traffic
    private let clock: RunClock
    private let keepsTimes: Bool
    /// Of odd results, more than this many are only counted.
    private static let maxStrangers = 100

    package init(_ traffic: Traffic, clock: RunClock, keepsTimes: Bool = true) {
        self.traffic = traffic
        self.clock = clock
        self.keepsTimes = keepsTimes
    }

    /// Requests up to `count` have been published.
    package func produced(_ count: Int) {
        state.withLock { state in
            if keepsTimes, count > state.produced { state.batches.append(Batch(end: count, published: clock.now)) }
            state.produced = count
            state.counts += Array(repeating: 0, count: max(0, count - state.counts.count))
        }
    }

    package func arrived(_ results: [[UInt8]]) {
        let lines = results.map { ($0, ResultLine(json: $0)) }
        let right = lines.map { _, line in
            line.map { line in line.number.map { traffic.isRight(line, for: $0) } ?? false }
        }
        state.withLock { state in
            for ((bytes, line), isRight) in zip(lines, right) {
                guard let number = line?.number, number < state.counts.count else {
                    if state.strangers.count < Self.maxStrangers {
                        state.strangers.append(String(decoding: bytes.prefix(300), as: UTF8.self))
                    }
                    continue
                }
                count(number, isRight: isRight ?? false, &state)
            }
        }
    }

    private func count(_ number: Int, isRight: Bool, _ state: inout State) {
        state.arrived += 1
        state.last = clock.now
        if state.counts[number] > 0 {
            state.second.append(number)
            if keepsTimes { state.secondSeen.append(state.last) }
        } else {
            state.answered += 1
            if keepsTimes { state.seen[number] = state.last }
        }
        if !isRight { state.wrong.append(number) }
        state.counts[number] &+= state.counts[number] < 255 ? 1 : 0
    }

    /// Requests published so far.
    package var produced: Int { state.withLock(\.produced) }
    /// When they were.
    package var batches: [Batch] { state.withLock(\.batches) }
    /// Requests that have a result.
    package var answered: Int { state.withLock(\.answered) }
    /// When the last result was seen.
    package var last: Duration { state.withLock(\.last) }
    /// When each request's first result was seen.
    package var seen: [Int: Duration] { state.withLock(\.seen) }

    package var summary: Summary {
        state.withLock { state in
            Summary(
                requests: state.produced,
                lost: state.counts.indices.filter { state.counts[$0] == 0 },
                second: state.second, secondSeen: state.secondSeen, wrong: state.wrong, strangers: state.strangers)
        }
    }

    /// Requests published together.
    package struct Batch: Sendable, Equatable {
        /// Number behind the last.
        package var end: Int
        package var published: Duration

        package init(end: Int, published: Duration) {
            self.end = end
            self.published = published
        }
    }

    package struct Summary: Sendable, Equatable {
        package var requests = 0
        /// Requests without a result.
        package var lost: [Int] = []
        /// Requests that got another result, once for each.
        package var second: [Int] = []
        /// When each of those was seen, in the same order; empty where no times are kept.
        package var secondSeen: [Duration] = []
        /// Requests that got a result that is not theirs, or changed, or of another kind.
        package var wrong: [Int] = []
        /// Results that belong to no request.
        package var strangers: [String] = []
    }
}
