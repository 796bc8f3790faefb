import Queue

/// Chooses the queue whose request goes next.
///
/// Tiers get shares of what is sent, each twice that of the next one, by stride scheduling: each has a time that goes on by
/// one share whenever it is served, and the one whose time is least is next. One that had nothing to send starts at the
/// time of the others. So the lowest of six gets one of 63 even when the others never have nothing.
///
/// A value: random numbers are passed in.
package struct SendOrder: Sendable, Equatable {
    private let policy: MergePolicy
    /// By rank.
    private var times = [Double](repeating: 0, count: Tier.ranks)
    /// A bit for each rank.
    private var wasWaiting: UInt32 = 0
    private var time = 0.0
    /// By rank: which queue was next.
    private var lastQueues = [Int](repeating: -1, count: Tier.ranks)

    package init(_ policy: MergePolicy) { self.policy = policy }

    /// Who is next.
    package enum Turn: Sendable, Hashable {
        case row(Int)
        /// It is the turn of a queue whose request is on its way.
        case wait(Int)
        case none
    }

    /// - Parameters:
    ///   - heads: per queue the rank of the request that is next there; `nil` where none waits.
    ///   - expected: per queue the rank of a request that will be here in a moment. It has its turn like those that are
    ///     here, if all of them are of lower tiers.
    ///   - random: a uniformly distributed random number.
    package mutating func next(_ heads: [Int?], expected: [Int?] = [], random: UInt64) -> Turn {
        guard expected.contains(where: { $0 != nil }) else { return choose(heads, random).map { .row($0) } ?? .none }
        var all = heads
        if let highest = heads.compactMap(\.self).min() {
            for (queue, rank) in expected.enumerated() { if let rank, rank < highest { all[queue] = rank } }
        }
        var turn = self
        guard let row = turn.choose(all, random) else { return .none }
        guard heads[row] != nil else { return .wait(row) }
        self = turn
        return .row(row)
    }

    private mutating func choose(_ heads: [Int?], _ random: UInt64) -> Int? {
        switch policy {
        case .randomRobin: any(heads, random)
        case .tierPriority(let tiers): nextOfTiers(heads, isStrict: tiers.isStrict)
        }
    }

    private func any(_ heads: [Int?], _ random: UInt64) -> Int? {
        let candidates = heads.count { $0 != nil }
        guard candidates > 0 else { return nil }
        var skip = Int(random % UInt64(candidates))
        for (queue, head) in heads.enumerated() where head != nil {
            if skip == 0 { return queue }
            skip -= 1
        }
        return nil
    }

    private mutating func nextOfTiers(_ heads: [Int?], isStrict: Bool) -> Int? {
        var isWaiting: UInt32 = 0
        for case let rank? in heads { isWaiting |= 1 << rank }
        var best: Int?
        for rank in times.indices where isWaiting & (1 << rank) != 0 {
            if wasWaiting & (1 << rank) == 0 { times[rank] = max(times[rank], time) }
            if best.map({ !isStrict && times[rank] < times[$0] }) ?? true { best = rank }
        }
        wasWaiting = isWaiting
        guard let best else { return nil }
        time = times[best]
        times[best] += Double(1 << best)
        // Queues of one tier take turns.
        let next = heads.indices.first { $0 > lastQueues[best] && heads[$0] == best }
        lastQueues[best] = next ?? heads.firstIndex(of: best) ?? 0
        return lastQueues[best]
    }
}
