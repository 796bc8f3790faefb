import Messages
import Queue
import Testing

@testable import Intake

struct AdmissionTests {
    private let share = QueueShares.Share(lane: 0, bytes: 1000)

    private func lease(_ count: Int, _ admission: inout Admission) {
        for _ in 0..<count { admission.leased(share) }
    }

    @Test
    func permitsNothingMoreWhileTooManyBytesAreOpen() {
        var admission = Admission(queues: 1, maxInFlight: nil, maxOpenBytes: 3000)
        lease(2, &admission)
        #expect(admission.permits(queue: 0, room: 64) == 62)
        lease(1, &admission)
        #expect(admission.permits(queue: 0, room: 64) == 0)
        for _ in 0..<3 { admission.sent(queue: 0) }
        #expect(admission.permits(queue: 0, room: 64) == 0, "sent is not settled")
        admission.settled(share)
        #expect(admission.permits(queue: 0, room: 64) == 64)
    }

    @Test
    func leavesBytesToTheOtherQueueHoweverManyOneHas() {
        var admission = Admission(queues: 2, maxInFlight: nil, maxOpenBytes: 4000)
        lease(30, &admission)
        for _ in 0..<30 { admission.sent(queue: 0) }
        #expect(admission.openBytes == 30_000)
        #expect(admission.permits(queue: 0, room: 1000) == 0)
        #expect(admission.permits(queue: 1, room: 1000) > 0)
    }

    @Test
    func namesTheSettingThatKeepsMoreFromBeingLeased() {
        var admission = Admission(queues: 1, maxInFlight: 2, maxOpenBytes: 3000)
        lease(1, &admission)
        #expect(admission.limitsReached == [])
        lease(1, &admission)
        #expect(admission.limitsReached == ["--max-in-flight"])
        lease(1, &admission)
        #expect(admission.limitsReached == ["--max-in-flight", "--max-open-bytes"])
        for _ in 0..<3 { admission.sent(queue: 0) }
        for _ in 0..<2 { admission.settled(share) }
        #expect(admission.limitsReached == [])
        #expect(Admission(queues: 1, maxInFlight: nil).limitsReached == [])
    }

    @Test
    func givesASingleQueueAllTheRoom() {
        let admission = Admission(queues: 1, maxInFlight: nil)
        #expect(admission.permits(queue: 0, room: 64) == 64)
    }

    @Test
    func countsWhatIsLeasedButNotYetSentAgainstTheRoom() {
        var admission = Admission(queues: 1, maxInFlight: nil)
        lease(60, &admission)
        #expect(admission.permits(queue: 0, room: 64) == 4)
        for _ in 0..<60 { admission.sent(queue: 0) }
        #expect(admission.permits(queue: 0, room: 4) == 4)
        #expect(admission.permits(queue: 0, room: 0) == 0)
    }

    @Test(arguments: [(2, 64, 48), (3, 60, 50), (4, 8, 7), (2, 1, 1), (2, 2, 1), (1, 8, 8), (2, 0, 0)])
    func leavesAPartOfThePlacesToTheOthers(count: Int, places: Int, most: Int) {
        #expect(FairShare.most(of: places, among: count) == most)
    }

    @Test(arguments: [(1, 64, 60), (1, 8, 7), (1, 1, 1), (2, 64, 48), (20, 64, 60)])
    func keepsASixteenthForThoseBelow(count: Int, places: Int, most: Int) {
        #expect(FairShare.most(of: places, among: count, hasBelow: true) == most)
    }

    @Test(arguments: [0, 1])
    func aQueueOfAnyRankThatIsNeverAnsweredLeavesPlacesToTheOther(silent: Int) {
        var admission = Admission(queues: 2, maxInFlight: 64, ranks: [1, 6])
        while admission.permits(queue: silent, room: 100) > 0 {
            admission.leased(share(silent))
            admission.sent(queue: silent)
        }
        #expect(admission.permits(queue: 1 - silent, room: 100) >= 4)
    }

    @Test
    func keepsTheOtherQueueMovingWhileOneSettlesNothing() {
        var admission = Admission(queues: 2, maxInFlight: nil)
        let silent = admission.permits(queue: 0, room: 64)
        lease(silent, &admission)
        for _ in 0..<silent { admission.sent(queue: 0) }
        #expect(silent == 48)
        #expect(admission.permits(queue: 0, room: 16) == 0)
        #expect(admission.permits(queue: 1, room: 16) == 16)
    }

    @Test
    func givesTheRoomBackWhenRequestsAreSettledOrDropped() {
        var admission = Admission(queues: 2, maxInFlight: nil)
        lease(6, &admission)
        admission.sent(queue: 0)
        admission.settled(share)
        admission.dropped(share)
        #expect(admission.open == [4, 0])
        #expect(admission.buffered == [4, 0])
    }

    @Test
    func neverExceedsItsUpperBound() {
        var admission = Admission(queues: 1, maxInFlight: 10)
        #expect(admission.permits(queue: 0, room: 64) == 10)
        lease(10, &admission)
        #expect(admission.permits(queue: 0, room: 64) == 0)
    }

    @Test
    func permitsNothingWithoutRoom() {
        let admission = Admission(queues: 2, maxInFlight: nil)
        #expect(admission.permits(queue: 0, room: 0) == 0)
    }

    // MARK: - Ranks

    private func ranked(_ ranks: [Int]) -> Admission {
        Admission(queues: ranks.count, maxInFlight: nil, ranks: ranks)
    }

    private func share(_ queue: Int) -> QueueShares.Share { QueueShares.Share(lane: queue, bytes: 10) }

    @Test
    func whatALowerQueueHoldsTakesNoRoomFromAHigherOne() {
        var admission = ranked([0, 5])
        for _ in 0..<20 { admission.leased(share(1)) }
        // All but what is kept for those below.
        #expect(admission.permits(queue: 0, room: 20) == 19)
        #expect(admission.permits(queue: 1, room: 20) == 0)
    }

    @Test
    func aLowerQueueMayAlwaysHaveSomeAtHand() {
        var admission = ranked([0, 5])
        for _ in 0..<64 { admission.leased(share(0)) }
        for _ in 0..<32 { admission.sent(queue: 0) }
        // Nothing is free, and 32 of the higher queue wait.
        #expect(admission.permits(queue: 1, room: 0) == 8)
        for _ in 0..<8 { admission.leased(share(1)) }
        #expect(admission.permits(queue: 1, room: 0) == 0)
        #expect(ranked([0, 5]).permits(queue: 1, room: 0) == 0, "there is nobody to send to")
    }

    @Test
    func strictOrderKeepsNoPlacesForLowerTiers() {
        for (isStrict, most) in [(true, 64), (false, 60)] {
            let admission = Admission(queues: 2, maxInFlight: nil, ranks: [0, 5], isStrict: isStrict)
            #expect(admission.permits(queue: 0, room: 64) == most)
        }
    }

    /// Each step one request ends, and every queue has as many as it may lease.
    @Test
    func allTiersAreServedByTheirShareForHours() throws {
        let queues = [0, 1, 2, 3, 4, 5].map {
            QueueSettings(id: "\($0)", name: "\($0)", target: .url("http://g/"), labels: labels($0))
        }
        let policy = MergePolicy.tierPriority(TierPriority())
        var admission = ranked(queues.map { policy.rank(of: $0) })
        var order = SendOrder(policy)
        let ranks = queues.map { policy.rank(of: $0) }
        var served = [Int](repeating: 0, count: 6)
        var inFlight: [Int] = []
        var last = [Int](repeating: 0, count: 6)
        var longest = last
        for step in 0..<400_000 {
            var room = 64 - inFlight.count
            for queue in queues.indices {
                for _ in 0..<admission.permits(queue: queue, room: room) { admission.leased(share(queue)) }
            }
            while room > 0,
                let queue = order.row(
                    zip(ranks, admission.buffered).map { $1 > 0 ? $0 : nil }, random: 0)
            {
                admission.sent(queue: queue)
                inFlight.append(queue)
                served[queue] += 1
                longest[queue] = max(longest[queue], step - last[queue])
                last[queue] = step
                room -= 1
            }
            admission.settled(share(inFlight.removeFirst()))
        }
        let all = Double(served.reduce(0, +))
        for (queue, count) in served.enumerated() {
            let expected = Double(1 << (5 - queue)) / 63
            #expect(abs(Double(count) / all - expected) < 0.1 * expected, "\(queue): \(count) of \(all)")
        }
        #expect(longest[5] < 200)
    }

    private func labels(_ rank: Int) -> [String: String] {
        ["tier": Tier.Service.allCases[rank % 3].rawValue, "classification": rank < 3 ? "reserved" : "overflow"]
    }
}
