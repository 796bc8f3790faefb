import Messages
package import Queue

/// Settlements asked of a server in calls for many, such that one that cannot be carried out costs itself and no other.
///
/// A call that is refused as a whole is made again in halves, until what is at fault is alone: that one is delayed, and
/// the others are settled. What was asked when a connection broke is unknown: the caller asks again, and then it goes in
/// smaller and smaller parts, so that one whose bytes end every connection is found as well.
///
/// Keeps no more than what the caller keeps: a settlement is forgotten when it is settled, stale or refused.
package struct DividedCalls: Sendable {
    /// One call: places in the batch, in order.
    package typealias Call = [Int]
    /// What the server said to a call: to each of its settlements, or to the call as a whole.
    package typealias Answer = Result<[SettlementStatus], RedisError>

    /// How many went together when the connection broke.
    private var suspects: [Receipt: Int] = [:]
    private var delayed = DelayedSettlements()

    /// Refused calls of a batch that are divided: eight find one culprit of 256.
    ///
    /// What is left then is retried in a later batch, with other settlements.
    private static let maxDivisions = 32
    /// After a connection broke with 256 settlements on their way, one is alone the third time.
    private static let shrinking = 8

    package init() {}

    /// Why something waits that the server could not do when it was asked last; `nil` when nothing waits.
    package var trouble: String? { delayed.trouble }

    /// Settles a batch.
    ///
    /// - Parameters:
    ///   - calls: the places in `batch` that can go in one call each; those in none are stale.
    ///   - send: makes calls in one round trip, and says for each what came of it. It throws when nothing is known about
    ///     any of them.
    /// - Throws: when nothing is known, or the server can do nothing at all for a while.
    package mutating func settle(
        _ batch: [Settlement], _ calls: [Call], send: ([Call]) throws(RedisError) -> [Answer]
    ) throws(RedisError) -> [SettlementStatus] {
        var statuses = [SettlementStatus](repeating: .stale, count: batch.count)
        var rounds = suspects.isEmpty ? [calls] : rounds(batch, calls, &statuses)
        rounds.reverse()
        var divisions = 0
        while let round = rounds.popLast() {
            let answers: [Answer]
            do throws(RedisError) {
                answers = try send(round)
            } catch {
                let isFound = note(error, batch, round)
                guard isFound, rounds.isEmpty, let index = round.first?.first else { throw error }
                statuses[index] = Self.status(error, alone: true)
                continue
            }
            for (call, answer) in zip(round, answers) {
                switch answer {
                case .success(let answered):
                    for (index, status) in zip(call, answered) { statuses[index] = status }
                case .failure(let error):
                    guard !error.refusal.concernsAll else { throw error }
                    if error.refusal.mayBeOfOne, call.count > 1, divisions < Self.maxDivisions {
                        divisions += 1
                        let middle = call.count / 2
                        rounds.append([Array(call[middle...])])
                        rounds.append([Array(call[..<middle])])
                    } else {
                        for index in call { statuses[index] = Self.status(error, alone: call.count == 1) }
                    }
                }
            }
        }
        remember(batch, statuses)
        return statuses
    }

    /// What a refused call leaves of its settlements; the keys of the call are ours, so it is nobody's fault but the
    /// server's, or one is too large.
    private static func status(_ error: RedisError, alone: Bool) -> SettlementStatus {
        alone && error.refusal == .tooLarge
            ? .tooLarge(reason: error.description) : .delayed(reason: error.description)
    }

    private mutating func remember(_ batch: [Settlement], _ statuses: [SettlementStatus]) {
        delayed.note(batch, statuses)
        if suspects.isEmpty { return }
        for (settlement, status) in zip(batch, statuses) {
            if case .delayed = status { continue }
            suspects[settlement.receipt] = nil
        }
    }
}

// MARK: - Broken connections

extension DividedCalls {
    /// What is not suspect goes together, the others in parts, all in their order; what was alone and broke its
    /// connection once more waits.
    private mutating func rounds(
        _ batch: [Settlement], _ calls: [Call], _ statuses: inout [SettlementStatus]
    ) -> [[Call]] {
        let sizes = batch.map { suspects[$0.receipt] }
        let largest = max(1, (sizes.compactMap { $0 == 0 ? nil : $0 }.min() ?? 1) / Self.shrinking)
        var rounds: [[Call]] = []
        var (count, wasSuspect) = (0, false)
        for call in calls {
            var isNew = true
            for index in call {
                if sizes[index] == 0 {
                    statuses[index] = .delayed(reason: Self.breaksConnections)
                    suspects[batch[index].receipt] = 1
                    continue
                }
                let isSuspect = sizes[index] != nil
                if rounds.isEmpty || isSuspect != wasSuspect || (isSuspect && count >= largest) {
                    rounds.append([])
                    (count, wasSuspect, isNew) = (0, isSuspect, true)
                }
                if isNew { rounds[rounds.count - 1].append([]) }
                isNew = false
                rounds[rounds.count - 1][rounds[rounds.count - 1].count - 1].append(index)
                count += 1
            }
        }
        return rounds
    }

    private static let breaksConnections = "the connection breaks whenever this is asked"

    /// Remembers what was on its way when a connection broke; says whether that was one that was alone the last time, too.
    private mutating func note(_ error: RedisError, _ batch: [Settlement], _ round: [Call]) -> Bool {
        guard error.kind == .connection else { return false }
        let together = round.reduce(0) { $0 + $1.count }
        // A server that says that something is too large means what was sent last.
        let isFound =
            together == 1
            && (error.refusal == .tooLarge || round.joined().allSatisfy { suspects[batch[$0].receipt] == 1 })
        for index in round.joined() { suspects[batch[index].receipt] = isFound ? 0 : together }
        return isFound
    }
}
