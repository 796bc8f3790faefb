import LinkSimulator
import Links
import Testing

struct LinkReceiverRoomTests {
    @Test
    func givesItsRoomToTheOnlySender() {
        let bench = ReceiverBench(room: 8)
        #expect(bench.hello(1).last?.limit == 8)
    }

    @Test
    func givesEverySenderThatHasNothingHereRoomForOne() {
        let bench = ReceiverBench(room: 0)
        #expect(bench.hello(1).last?.limit == 1)
        #expect(bench.hello(2).last?.limit == 1)
        #expect(bench.take(1, 1) != nil)
        _ = bench.pass(1)
        let rooms = bench.receiver.sessionStatus.map(\.room)
        #expect(rooms == [0, 1], "no second one while the first is here")
    }

    @Test
    func countsNumbersThatWillComeAgainAsRoomInUse() {
        let bench = ReceiverBench(room: 4, sessions: 1)
        let answer = bench.hello(1, last: 3, open: [1...3])
        #expect(answer.last?.missing == [1...3])
        #expect(answer.last?.limit == 4, "three of the four places are for those")
    }

    @Test
    func leaksNoRoomForFramesThatWereLost() {
        let bench = ReceiverBench(room: 4, sessions: 1)
        for round in 1...20 {
            let last = UInt64(round * 3)
            #expect(bench.hello(1, last: last).last?.limit == last + 4)
        }
    }

    @Test
    func shiftsRoomToTheSenderThatRunsOut() throws {
        let bench = ReceiverBench(room: 8, sessions: 1, 2)
        var next: UInt64 = 1
        for _ in 0..<40 {
            let limit = bench.room(1)
            for _ in 0..<limit {
                let ticket = try #require(bench.take(1, next))
                bench.receiver.finish(ticket)
                next += 1
            }
            bench.receiver.setRoom(8)
            _ = bench.pass(0.25)
            bench.hello(1, last: next - 1)
            bench.hello(2)
        }
        let rooms = bench.receiver.sessionStatus.map(\.room)
        #expect(rooms[0] >= 6)
        #expect(rooms[1] >= 1)
    }

    @Test
    func sharesEquallyBetweenSendersThatBothWantMore() throws {
        let bench = ReceiverBench(room: 8, sessions: 1, 2)
        var next: [UInt64: UInt64] = [1: 1, 2: 1]
        for turn in 0..<60 {
            for session in [UInt64(1), 2] where session == 1 || turn >= 20 {
                let room = bench.room(session)
                for _ in 0..<room {
                    let ticket = try #require(bench.take(session, next[session] ?? 1))
                    bench.receiver.finish(ticket)
                    next[session, default: 1] += 1
                }
            }
            bench.receiver.setRoom(8)
            _ = bench.pass(0.25)
            for session in [UInt64(1), 2] { bench.hello(session, last: (next[session] ?? 1) - 1) }
        }
        #expect(bench.receiver.sessionStatus.map(\.room) == [4, 4])
    }

    @Test
    func shrinksTheLimitWhenThereIsNoRoomAnyMore() {
        let bench = ReceiverBench(room: 8, sessions: 1)
        _ = bench.take(1, 1)
        bench.receiver.setRoom(0)
        #expect(bench.reports().last?.limit == 1)
        #expect(bench.take(1, 5) != nil, "what crosses that report is taken")
    }

    @Test
    func takesEachMessageOffItsRoomUntilItIsToldOfMore() {
        let bench = ReceiverBench(room: 8, sessions: 1)
        for number in 1...UInt64(5) { _ = bench.take(1, number) }
        bench.hello(1, last: 5)
        #expect(bench.room(1) == 3)
        bench.receiver.setRoom(4)
        bench.hello(1, last: 5)
        #expect(bench.room(1) == 4)
    }

    @Test
    func givesNoRoomToSendersThatAreSilent() {
        let bench = ReceiverBench(room: 8, sessions: 1, 2)
        for _ in 0..<5 {
            _ = bench.pass(1)
            bench.hello(2)
        }
        #expect(bench.room(2) == 8)
        #expect(bench.receiver.liveSenderCount == 1)
    }

    @Test
    func givesBackWhatHasNotBegunWhenItDrains() throws {
        let bench = ReceiverBench(sessions: 1)
        let first = try #require(bench.take(1, 1))
        let second = try #require(bench.take(1, 2))
        #expect(bench.start(first))
        bench.receiver.beginDrain(now: bench.now)
        #expect(!bench.start(second))
        #expect(bench.arrival(1, 3) == .refused)
        let report = bench.reports().last
        #expect(report?.isDraining == true)
        #expect(report?.refused.map(\.number) == [2, 3])
        #expect(report?.limit == 3)
    }

    @Test
    func takesFromSendersThatDrainTooWhileItDrains() {
        let bench = ReceiverBench(sessions: 1)
        bench.hello(1, isDraining: true)
        bench.receiver.beginDrain(now: bench.now)
        #expect((bench.reports().last?.limit ?? 0) > 0)
        #expect(bench.take(1, 1) != nil)
    }

    @Test
    func leavesWhenItHoldsNothingAndEverySenderKnows() throws {
        let bench = ReceiverBench(sessions: 1)
        let ticket = try #require(bench.take(1, 1))
        #expect(bench.start(ticket))
        bench.receiver.beginDrain(now: bench.now)
        let drainReport = bench.reports().last?.number ?? 0
        bench.receiver.finish(ticket)
        for _ in 0..<12 {
            _ = bench.pass(0.25)
            bench.hello(1, last: 1, open: [1...1], heard: drainReport - 1)
        }
        #expect(!bench.receiver.canLeave(now: bench.now), "the sender holds the message open")
        bench.hello(1, last: 1, heard: drainReport - 1)
        #expect(!bench.receiver.canLeave(now: bench.now), "the sender has not heard that it drains")
        bench.hello(1, last: 1, heard: drainReport)
        #expect(bench.receiver.canLeave(now: bench.now))
    }

    @Test
    func staysForSendersThatDrainUntilTheyHaveLeft() {
        let bench = ReceiverBench(sessions: 1)
        bench.hello(1, isDraining: true)
        bench.receiver.beginDrain(now: bench.now)
        #expect(!bench.receiver.canLeave(now: bench.now), "it stays for two seconds at least")
        for _ in 0..<3 {
            _ = bench.pass(1)
            bench.hello(1, isDraining: true)
        }
        #expect(!bench.receiver.canLeave(now: bench.now))
        bench.hello(1, isDraining: true, isLeaving: true)
        #expect(bench.receiver.canLeave(now: bench.now))
    }

    @Test
    func saysThatItLeaves() {
        let bench = ReceiverBench(sessions: 1)
        _ = bench.take(1, 1)
        bench.receiver.leave()
        let report = bench.reports().last
        #expect(report?.isLeaving == true)
        #expect(report?.done.isEmpty == true)
    }
}
