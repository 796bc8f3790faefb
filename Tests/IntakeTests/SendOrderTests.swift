import Messages
import Queue
import Testing

@testable import Intake

extension SendOrder {
    /// Who is next of those that are here.
    mutating func row(_ heads: [Int?], random: UInt64) -> Int? {
        guard case .row(let row) = next(heads, random: random) else { return nil }
        return row
    }
}

struct SendOrderTests {
    private func queue(_ labels: [String: String] = [:]) -> QueueSettings {
        QueueSettings(id: "q", name: "q", target: .url("http://g/"), labels: labels)
    }

    private let robin = SendOrder(.randomRobin)

    private func tiers(isStrict: Bool = false) -> SendOrder {
        SendOrder(.tierPriority(TierPriority(isStrict: isStrict)))
    }

    @Test
    func aHigherTierWhoseRequestIsOnItsWayHasItsTurn() {
        for isStrict in [true, false] {
            var order = tiers(isStrict: isStrict)
            let turn = order.next([nil, 6], expected: [4, nil], random: 0)
            #expect(turn == .wait(0))
        }
        var strict = tiers(isStrict: true)
        for _ in 0..<100 { #expect(strict.next([nil, 6], expected: [4, nil], random: 0) == .wait(0)) }
    }

    @Test
    func waitingForARequestTakesNobodysTurn() {
        var order = tiers()
        for _ in 0..<100 {
            let before = order
            if order.next([nil, 6], expected: [4, nil], random: 0) == .wait(0) { #expect(order == before) }
            _ = order.next([4, 6], random: 0)
        }
    }

    @Test
    func theLowerTierHasItsTurnThoughOthersAreOnTheirWay() {
        var order = tiers()
        var turns: [SendOrder.Turn: Int] = [:]
        for _ in 0..<700 {
            let turn = order.next([nil, 6], expected: [4, nil], random: 0)
            turns[turn, default: 0] += 1
            // What was on its way is here.
            if turn == .wait(0) { _ = order.next([4, 6], random: 0) }
        }
        #expect((130...150).contains(turns[.row(1)] ?? 0), "\(turns)")
    }

    @Test
    func nobodyWaitsForALowerTierOrAnEqualOne() {
        for rank in [4, 5, 6] {
            var order = tiers(isStrict: true)
            #expect(order.next([nil, 4], expected: [rank, nil], random: 0) == .row(1))
        }
        var order = tiers()
        #expect(order.next([nil, nil], expected: [0, nil], random: 0) == .none, "there is nothing to wait with")
    }

    @Test
    func choosesNoneWhenNoQueueHasARequest() {
        var orders = [robin, tiers()]
        for index in orders.indices { #expect(orders[index].row([nil, nil], random: 7) == nil) }
    }

    @Test
    func choosesOnlyQueuesThatHaveARequest() {
        var orders = [robin, tiers()]
        for index in orders.indices {
            for random in UInt64(0)..<20 {
                let queue = orders[index].row([nil, 6, nil, 5], random: random)
                #expect(queue == 1 || queue == 3)
            }
        }
    }

    @Test
    func givesEveryWaitingQueueTheSameChance() {
        var order = robin
        var chosen = [0, 0, 0]
        var random: UInt64 = 88_172_645_463_325_252
        for _ in 0..<30_000 {
            random ^= random << 13
            random ^= random >> 7
            random ^= random << 17
            if let queue = order.row([0, 0, 0], random: random) { chosen[queue] += 1 }
        }
        for count in chosen { #expect((9_500...10_500).contains(count)) }
    }

    @Test
    func eachTierGetsTwiceTheShareOfTheNext() {
        var order = tiers()
        var chosen = [0, 0, 0]
        for _ in 0..<700 { if let queue = order.row([6, 4, 5], random: 0) { chosen[queue] += 1 } }
        #expect(chosen == [100, 400, 200])
    }

    @Test
    func whoHadNothingToSendHasNothingToMakeUpFor() {
        var order = tiers()
        for _ in 0..<10_000 { _ = order.row([4, nil], random: 0) }
        let next = (0..<50).compactMap { _ in order.row([4, 6], random: 0) }
        #expect((8...12).contains(next.count { $0 == 1 }))
        for _ in 0..<10_000 { _ = order.row([nil, 6], random: 0) }
        let then = (0..<50).compactMap { _ in order.row([4, 6], random: 0) }
        #expect((8...12).contains(then.count { $0 == 1 }))
    }

    @Test
    func queuesOfOneTierTakeTurns() {
        var order = tiers()
        let next = (0..<6).compactMap { _ in order.row([5, 5, 5], random: 0) }
        #expect(next == [0, 1, 2, 0, 1, 2])
    }

    @Test
    func queuesOfOneTierTakeTurnsBesideAHigherOne() {
        var order = tiers()
        var chosen = [0, 0, 0]
        for _ in 0..<400 { if let queue = order.row([5, 4, 5], random: 0) { chosen[queue] += 1 } }
        #expect(abs(chosen[0] - chosen[2]) <= 1 && chosen[1] > 200, "\(chosen)")
    }

    @Test
    func aStrictOrderServesNoLowerTierWhileAHigherOneWaits() {
        var order = tiers(isStrict: true)
        for _ in 0..<1000 { #expect(order.row([6, 4], random: 0) == 1) }
        #expect(order.row([6, nil], random: 0) == 0)
    }

    @Test(arguments: [
        (["tier": "interactive", "classification": "reserved"], 1),
        (["tier": "batch", "classification": "reserved"], 3),
        (["tier": "async"], 5), (["tier": "sometimes"], 6), ([:], 6), (["classification": "overflow"], 6),
    ])
    func ranksAreThoseOfTheLabels(labels: [String: String], rank: Int) {
        #expect(MergePolicy.tierPriority(TierPriority()).rank(of: queue(labels)) == rank)
        #expect(MergePolicy.randomRobin.rank(of: queue(labels)) == 0)
    }

    @Test
    func whatAQuotaHasMadeOfARequestWinsOverTheLabels() {
        let policy = MergePolicy.tierPriority(TierPriority())
        let labelled = queue(["tier": "async", "classification": "reserved"])
        #expect(policy.rank(of: labelled, isReserved: nil) == 2)
        #expect(policy.rank(of: labelled, isReserved: true) == 2)
        #expect(policy.rank(of: labelled, isReserved: false) == 5)
        #expect(policy.rank(of: queue(["tier": "async"]), isReserved: true) == 2)
        #expect(MergePolicy.randomRobin.rank(of: labelled, isReserved: true) == 0)
    }

    @Test
    func aTierIsNamedByTheLabelOfTheSettings() {
        let policy = MergePolicy.tierPriority(TierPriority(label: "class"))
        #expect(policy.rank(of: queue(["class": "interactive", "tier": "batch"])) == 4)
    }

    @Test(arguments: MergePolicy.names)
    func isKnownByTheNameOfTheFlag(name: String) throws {
        #expect(try #require(MergePolicy(named: name)).name == name)
        #expect(MergePolicy(named: "fair") == nil)
    }
}
