import Queue
import Testing

struct QueueSharesTests {
    /// Puts things in until there is no room, and says how many that were.
    private func fill(_ shares: inout QueueShares, lane: Int, bytes: Int = 1, most: Int = 10_000) -> Int {
        var count = 0
        while count < most, shares.hasRoom(lane: lane) {
            shares.add(.init(lane: lane, bytes: bytes))
            count += 1
        }
        return count
    }

    @Test
    func givesASingleQueueAllTheRoom() {
        var shares = QueueShares(count: 64, bytes: 1000)
        #expect(fill(&shares, lane: 0) == 64)
        #expect(!shares.hasRoomForSome)
    }

    @Test(arguments: [2, 3, 5])
    func leavesEveryQueueItsPartHoweverManyOthersAreStuck(queues: Int) {
        var shares = QueueShares(count: 600, bytes: .max, queues: queues)
        for stuck in 0..<queues - 1 { #expect(fill(&shares, lane: stuck) >= 600 / (2 * queues)) }
        #expect(fill(&shares, lane: queues - 1) == 600 / (2 * queues))
        #expect(shares.count == 600)
    }

    @Test
    func givesOneOfTwoQueuesThreeQuartersAtMost() {
        var shares = QueueShares(count: 64, bytes: .max, queues: 2)
        #expect(fill(&shares, lane: 0) == 48)
        #expect(shares.hasRoomForSome)
        #expect(fill(&shares, lane: 1) == 16)
    }

    @Test
    func countsBytesAsWellAsThings() {
        var shares = QueueShares(count: 64, bytes: 4000, queues: 2)
        #expect(fill(&shares, lane: 0, bytes: 1000) == 3)
        #expect(fill(&shares, lane: 1, bytes: 100) == 10)
        #expect(shares.byteCount == 4000)
    }

    @Test
    func letsAQueueThatHasNothingPutOneThingInHoweverLarge() {
        var shares = QueueShares(count: 8, bytes: 1000, queues: 2)
        #expect(fill(&shares, lane: 0, bytes: 1 << 30) == 1)
        #expect(fill(&shares, lane: 1, bytes: 1 << 30) == 1)
    }

    @Test
    func givesTheRoomBack() {
        var shares = QueueShares(count: 4, bytes: 100)
        let share = QueueShares.Share(lane: 3, bytes: 7)
        for _ in 0..<4 { shares.add(share) }
        #expect(shares.byteCount(lane: 3) == 28)
        for _ in 0..<4 { shares.remove(share) }
        #expect(shares.count == 0 && shares.byteCount == 0)
        #expect(fill(&shares, lane: 3) >= 2)
    }

    @Test
    func keepsItsPartForAQueueThatComesLater() {
        var shares = QueueShares(count: 64, bytes: .max)
        #expect(fill(&shares, lane: 0) == 64)
        #expect(fill(&shares, lane: 1) == 16)
        #expect(!shares.hasRoom(lane: 0))
    }

    @Test
    func doesNotOverflowWithoutALimit() {
        var shares = QueueShares(bytes: .max, queues: 3)
        for lane in 0..<3 { #expect(fill(&shares, lane: lane, bytes: 1 << 40, most: 100) == 100) }
    }

    @Test
    func numbersQueuesInTheOrderInWhichTheyComeAndNoMoreThanAThousand() {
        var numbers = QueueNumbers()
        #expect(["a", "b", "a", "b", "c"].map { numbers[$0] } == [0, 1, 0, 1, 2])
        for name in 0..<2000 { #expect(numbers["\(name)"] < 1000) }
        #expect(numbers["c"] == 2)
    }
}
