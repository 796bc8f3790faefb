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

    @Test(arguments: [(2, 64, 48), (3, 60, 50), (4, 8, 7), (2, 1, 1), (2, 2, 1), (2, 0, 1)])
    func leavesAPartOfTheRoomToTheOtherQueues(queues: Int, room: Int, share: Int) {
        #expect(Admission.share(of: room, queues: queues) == share)
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
}

struct MergePolicyTests {
    @Test
    func choosesNoneWhenNoQueueHasARequest() {
        #expect(MergePolicy.randomRobin.next(waiting: [0, 0], random: 7) == nil)
    }

    @Test
    func choosesOnlyQueuesThatHaveARequest() {
        for random in UInt64(0)..<20 {
            let queue = MergePolicy.randomRobin.next(waiting: [0, 3, 0, 1], random: random)
            #expect(queue == 1 || queue == 3)
        }
    }

    @Test
    func givesEveryWaitingQueueTheSameChanceHoweverLongItIs() {
        var chosen = [0, 0, 0]
        var random: UInt64 = 88_172_645_463_325_252
        for _ in 0..<30_000 {
            random ^= random << 13
            random ^= random >> 7
            random ^= random << 17
            if let queue = MergePolicy.randomRobin.next(waiting: [1000, 1, 5], random: random) { chosen[queue] += 1 }
        }
        for count in chosen { #expect((9_500...10_500).contains(count)) }
    }

    @Test
    func isKnownByTheNameOfTheFlag() {
        #expect(MergePolicy(rawValue: "random-robin") == .randomRobin)
        #expect(MergePolicy(rawValue: "tier-priority") == nil)
    }
}
