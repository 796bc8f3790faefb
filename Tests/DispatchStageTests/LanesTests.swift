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

    /// A dead letter, for example: it goes to no gateway, and no pool waits for it.
    @Test
    func whatIsDecidedHasALaneAndNoPool() {
        var lanes = Lanes()
        let decided = lanes.lane(ofDecided: "a")
        #expect(lanes.lane(ofDecided: "a") == decided)
        #expect(lanes.lane(ofDecided: "b") != decided)
        let other = lanes.lane(queue: 0, pool: 0, tier: 0)
        #expect(other != decided)
        #expect(lanes.lanes(ofQueue: 0) == [other])
        var asked: Set<Int> = []
        let held = lanes.heldQueues(
            named: { ["a"][$0] },
            where: { pool in
                asked.insert(pool)
                return true
            })
        #expect(held == [0: ["a"]])
        #expect(asked == [0], "only what is a pool is asked for")
    }

    @Test
    func namesQueuesWhoseLanesAreFull() {
        var lanes = Lanes()
        for (queue, pool) in [(0, 0), (1, 0), (1, 1), (2, 1)] { _ = lanes.lane(queue: queue, pool: pool, tier: 0) }
        func held(full: Set<Int>) -> [Int: [String]] {
            lanes.heldQueues(named: { ["a", "b", "c"][$0] }, where: { _ in false }, isFull: full.contains)
        }
        #expect(held(full: [0]) == [0: ["a"]])
        #expect(held(full: [1]).isEmpty, "another lane of the queue has room")
        #expect(held(full: [1, 2, 3]) == [0: ["b"], 1: ["b", "c"]])
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

    /// The lane of what is decided is none for what waits, however many there are.
    @Test
    func whatWaitsNeverGetsTheLaneOfWhatIsDecided() {
        var lanes = Lanes()
        let decided = lanes.lane(ofDecided: "a")
        for pool in 0..<Lanes.most { _ = lanes.lane(queue: 5, pool: pool, tier: 0) }
        #expect(lanes.lane(queue: 0, pool: 1, tier: 0) != decided)
        #expect(lanes.lane(ofDecided: "b") != lanes.lane(queue: 1, pool: 1, tier: 0))
    }
}
