import LinkSimulator
import Links
import Testing

/// What receivers say of pools, and senders pass on.
struct PoolNoteTests {
    private func report(_ bench: SenderBench, _ peer: Int, _ pools: [PoolNote]) {
        guard let hello = bench.hellos[peer] else { return }
        bench.reports += 1
        bench.sender.receive(
            Report(
                session: hello.session, receiver: hello.receiver, number: bench.reports, answers: hello.number,
                isOpen: true, limit: 100,
                from: Introduction(pipeline: "", stage: "dispatch", release: "", version: 1), pools: pools),
            now: bench.now)
        bench.collect()
    }

    @Test
    func aSenderTellsAllReceiversTheLeastOfWhatEachHasMeasured() {
        let bench = SenderBench(peers: 2, limit: 5)
        report(bench, 0, [PoolNote(pool: "p", base: 9000), PoolNote(pool: "q", base: 4000)])
        report(bench, 1, [PoolNote(pool: "p", base: 7000), PoolNote(pool: "closed", closedFor: 900)])
        _ = bench.pass(1.5, talking: [0, 1])
        let expected = [PoolNote(pool: "p", base: 7000), PoolNote(pool: "q", base: 4000)]
        #expect(bench.hellos[0]?.pools == expected && bench.hellos[1]?.pools == expected)
        report(bench, 1, [])
        _ = bench.pass(1.5, talking: [0, 1])
        #expect(bench.hellos[0]?.pools.first == PoolNote(pool: "p", base: 9000), "it is not said any more")
    }

    @Test
    func whatALostReceiverHasMeasuredIsForgotten() {
        let bench = SenderBench(peers: 2, limit: 5)
        report(bench, 0, [PoolNote(pool: "p", base: 9000)])
        _ = bench.pass(5, talking: [1])
        #expect(bench.hellos[1]?.pools == [])
    }

    @Test
    func aQueueIsHeldWhileAllReceiversSayThatItsPoolsAreClosed() {
        let bench = SenderBench(peers: 2, limit: 5)
        func closed(_ milliseconds: Int, _ queues: [String] = ["a", "b"]) -> [PoolNote] {
            [PoolNote(pool: "p", closedFor: milliseconds, heldQueues: queues)]
        }
        report(bench, 0, closed(10_000))
        #expect(bench.sender.heldFor(queue: "a") == nil, "the other one may start it")
        report(bench, 1, closed(2000, ["a"]))
        #expect(bench.sender.heldFor(queue: "a") == .seconds(2), "until the first of them may")
        #expect(bench.sender.heldFor(queue: "b") == nil)
        #expect(bench.sender.heldFor(queue: "c") == nil)
        _ = bench.pass(1, talking: [0, 1])
        #expect(bench.sender.heldFor(queue: "a") == .seconds(1))
        _ = bench.pass(1.5, talking: [0, 1])
        #expect(bench.sender.heldFor(queue: "a") == nil, "its time is over, whether or not that is reported")
        report(bench, 0, closed(10_000))
        report(bench, 1, closed(10_000))
        report(bench, 1, [PoolNote(pool: "p", base: 1)])
        #expect(bench.sender.heldFor(queue: "a") == nil, "it is open again")
    }

    @Test
    func aReceiverTellsAtOnceWhatClosesAndForHowLongStill() {
        var receiver = LinkReceiver(
            instance: 7,
            wiring: LinkWiring(
                own: Introduction(pipeline: "p", stage: "dispatch", release: "", version: 1), stages: ["ingest"]))
        receiver.receive(
            Hello(
                session: 1, receiver: 7, number: 1, ackAddress: "a",
                pools: [PoolNote(pool: "p", base: 5000), PoolNote(pool: "p", base: 4000)]),
            now: .zero)
        receiver.setRoom(3)
        _ = receiver.allReports(.zero)
        #expect(receiver.leastBases == [PoolNote(pool: "p", base: 4000)])
        let note = PoolNote(pool: "p", closedFor: 2000, heldQueues: ["q"])
        receiver.setPools([note], now: .milliseconds(1))
        #expect(receiver.allReports(.milliseconds(1)).map(\.pools) == [[note]])
        receiver.setPools([PoolNote(pool: "p", closedFor: 1900, heldQueues: ["q"])], now: .milliseconds(101))
        #expect(receiver.allReports(.milliseconds(102)).isEmpty, "nothing is new")
        receiver.receive(Hello(session: 1, receiver: 7, number: 2, ackAddress: "a"), now: .milliseconds(601))
        #expect(
            receiver.allReports(.milliseconds(601)).map(\.pools)
                == [[PoolNote(pool: "p", closedFor: 1400, heldQueues: ["q"])]])
        #expect(receiver.leastBases == [], "the sender says so no more")
        receiver.setPools([], now: .milliseconds(700))
        #expect(receiver.allReports(.milliseconds(700)).map(\.pools) == [[]])
    }
}
