import LinkSimulator
import Links
import Testing

/// Messages of several stores, and peers that settle in one each.
struct StoreTests {
    private let refusal = [Refusal(number: 1, reason: .foreign)]

    private func offer(_ bench: SenderBench, _ name: String, store: UInt64) -> [Send] {
        bench.sender.offer(name, bytes: 1, store: store, now: bench.now)
        return bench.collect().sends
    }

    @Test
    func asksAWrongPeerWithOneMessageASecond() {
        let bench = SenderBench(peers: 1, limit: 100)
        for number in 0..<50 { _ = offer(bench, "\(number)", store: 1) }
        let all = (1...50).map { Refusal(number: $0, reason: .foreign) }
        #expect(bench.report(0, limit: 100, refused: all).sends.isEmpty)
        #expect(bench.sender.unsettleable == [UnsettleableMessages(store: 1, count: 50)])
        #expect(bench.sender.isRefusedByAll)
        var sends: [Send] = []
        for _ in 0..<20 {
            let new = bench.pass(0.25, talking: [0], limit: 200).sends
            sends += new
            bench.report(
                0, limit: 200, refused: new.map { Refusal(number: $0.number, reason: .foreign) })
        }
        #expect((4...6).contains(sends.count), "\(sends.count) in five seconds")
        #expect(bench.sender.totals.deadLetters == 0)
        #expect(bench.sender.openCount == 50)
    }

    @Test
    func sendsEverythingOnceTheStoreIsRight() {
        let bench = SenderBench(peers: 1, limit: 100)
        for number in 0..<10 { _ = offer(bench, "\(number)", store: 1) }
        let all = (1...10).map { Refusal(number: $0, reason: .foreign) }
        bench.report(0, limit: 100, refused: all)
        let probe = bench.pass(1, talking: [0], limit: 100).sends
        #expect(probe == [Send(peer: 0, number: 11)])
        let sends = bench.report(0, limit: 100, done: [11...11]).sends
        #expect(sends.count == 9)
        #expect(bench.sender.unsettleable.isEmpty)
        #expect(!bench.sender.isRefusedByAll)
    }

    @Test
    func givesWhatOnePeerCannotSettleToAnotherAndNoMoreToTheFirst() {
        let bench = SenderBench(peers: 2, limit: 100)
        let first = offer(bench, "a", store: 1).first?.peer ?? 0
        let moved = bench.report(first, limit: 100, refused: refusal).sends
        #expect(moved == [Send(peer: 1 - first, number: 1)])
        for number in 0..<20 {
            #expect(offer(bench, "\(number)", store: 1).map(\.peer) == [1 - first])
        }
        let later = bench.pass(2, talking: [0, 1], limit: 100).sends
        #expect(later.isEmpty, "nobody is asked again while another peer is there")
        #expect(offer(bench, "b", store: 2).count == 1)
    }

    @Test
    func twoWrongPeersDoNotPassAMessageBackAndForth() {
        let bench = SenderBench(peers: 2, limit: 100)
        let first = offer(bench, "a", store: 1).first?.peer ?? 0
        _ = bench.report(first, limit: 100, refused: refusal)
        #expect(bench.report(1 - first, limit: 100, refused: refusal).sends.isEmpty)
        #expect(bench.sender.unsettleable == [UnsettleableMessages(store: 1, count: 1)])
    }

    @Test
    func doesNotHoldUpOtherStores() {
        let bench = SenderBench(peers: 1, limit: 1)
        _ = offer(bench, "a", store: 1)
        for name in ["b", "c"] { _ = offer(bench, name, store: 1) }
        _ = offer(bench, "d", store: 2)
        let sends = bench.report(0, limit: 2, refused: refusal).sends
        #expect(sends.map { bench.outgoing($0.peer, $0.number)?.message } == ["d"])
    }

    @Test
    func triesANewProcessAtOnce() {
        let bench = SenderBench(peers: 1, limit: 10)
        for number in 0..<3 { _ = offer(bench, "\(number)", store: 1) }
        bench.report(0, limit: 10, refused: (1...3).map { Refusal(number: $0, reason: .foreign) })
        bench.report(0, instance: 200, isOpen: false)
        #expect(bench.report(0, instance: 200, limit: 10).sends.count == 3)
    }

    @Test
    func returnsWhatNobodyCanSettleWhenItDrains() {
        let bench = SenderBench(peers: 1, limit: 10)
        _ = offer(bench, "a", store: 1)
        bench.report(0, limit: 10, refused: refusal)
        bench.sender.beginDrain(returningUnsent: true, now: bench.now)
        #expect(bench.collect().returned == ["a"])
        #expect(bench.sender.isIdle)
    }
}
