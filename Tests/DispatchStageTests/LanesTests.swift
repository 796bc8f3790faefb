import Testing

@testable import DispatchStage

struct LanesTests {
    @Test
    func numbersWhatDiffersInQueuePoolOrTier() {
        var lanes = Lanes()
        #expect(lanes.lane(queue: 0, pool: 0, tier: 0) == 0)
        #expect(lanes.lane(queue: 0, pool: 1, tier: 0) == 1)
        #expect(lanes.lane(queue: 0, pool: 1, tier: 3) == 2)
        #expect(lanes.lane(queue: 4, pool: 1, tier: 3) == 3)
        #expect(lanes.lane(queue: 0, pool: 1, tier: 0) == 1)
        #expect(lanes.lanes(ofQueue: 0) == [0, 1, 2])
        #expect(lanes.tier(of: 2) == 3 && lanes.pool(of: 2) == 1 && lanes.queue(of: 3) == 4)
    }

    @Test
    func namesQueuesOfWhichNothingMayGo() {
        var lanes = Lanes()
        // Queues 0 and 2 are one at two gateways.
        for (queue, pool) in [(0, 0), (1, 0), (1, 1), (2, 2), (3, 0)] {
            _ = lanes.lane(queue: queue, pool: pool, tier: 0)
        }
        let names = ["a", "b", "a", "c"]
        func held(_ closed: Set<Int>) -> [Int: [String]] {
            lanes.heldQueues(named: { names[$0] }, where: { closed.contains($0) })
        }
        #expect(held([]) == [:])
        #expect(held([0]) == [0: ["c"]], "b has another pool, a another gateway")
        #expect(held([0, 1]) == [0: ["b", "c"], 1: ["b"]])
        #expect(held([0, 1, 2]) == [0: ["a", "b", "c"], 1: ["b"], 2: ["a"]])
        let ignoring = lanes.heldQueues(named: { names[$0] }, where: { $0 == 0 }, ignoring: { $0 == 1 })
        #expect(ignoring == [0: ["b", "c"]])
    }

    /// Pools and tiers are what messages say.
    @Test
    func aQueueWithManyPoolsTakesNoneFromOthers() {
        var lanes = Lanes()
        let numbers = Set((0..<5000).map { lanes.lane(queue: 0, pool: $0, tier: 0) })
        #expect(numbers.count == Lanes.most)
        #expect(lanes.lane(queue: 0, pool: 6000, tier: 6) == 0)
        #expect(lanes.lane(queue: 1, pool: 0, tier: 1) == Lanes.most)
        #expect(lanes.lane(queue: 1, pool: 7, tier: 1) == Lanes.most)
    }
}
