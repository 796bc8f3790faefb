import LinkSimulator
import Links
import Testing

/// Links on which a message stays open for as long as the receiver is busy with it, which a large one makes long.
struct LargeMessageTests {
    private static let mebibyte = 1 << 20

    /// A sender with one peer, and large messages waiting for it.
    private func bench(large: Int, bytes: Int = 60 * mebibyte) -> SenderBench {
        let bench = SenderBench(peers: 1, limit: 1000, largeFrom: Self.mebibyte)
        for number in 0..<large { bench.sender.offer("large \(number)", bytes: bytes, now: .zero) }
        return bench
    }

    @Test
    func smallMessagesPassThoseThatTheReceiverHasNoTimeFor() {
        let bench = bench(large: 3)
        #expect(bench.collect().sends == [Send(peer: 0, number: 1)])
        #expect(bench.offer("small").sends.isEmpty)
        // The first has arrived.
        #expect(bench.report(0, limit: 1000).sends == [Send(peer: 0, number: 2)])
        #expect(bench.outgoing(0, 2)?.message == "small")
        // It is settled: the next large one goes, before what is small.
        #expect(bench.report(0, limit: 1000, done: [1...2]).sends == [Send(peer: 0, number: 3)])
        #expect(bench.outgoing(0, 3)?.message == "large 1")
    }

    @Test
    func someSixteenMebibytesAreNoneTooMany() {
        let bench = bench(large: 9, bytes: 5 * Self.mebibyte)
        #expect(bench.collect().sends.count == 2)
        #expect(bench.report(0, limit: 1000).sends.count == 1)
        #expect(bench.report(0, limit: 1000).sends.isEmpty)
        #expect(bench.report(0, limit: 1000, done: [1...1]).sends.count == 1)
    }

    @Test
    func aStreamOfSmallOnesDoesNotKeepALargeOneWaiting() {
        let bench = SenderBench(peers: 1, limit: 1, largeFrom: Self.mebibyte)
        #expect(bench.offer("a", "b", "c").sends.count == 1)
        bench.sender.offer("large", bytes: Self.mebibyte, now: .zero)
        #expect(bench.collect().sends.isEmpty)
        #expect(bench.report(0, limit: 2, done: [1...1]).sends == [Send(peer: 0, number: 2)])
        #expect(bench.outgoing(0, 2)?.message == "large")
    }

    @Test
    func whatIsLostWithItsReceiverIsForgottenThere() {
        let bench = bench(large: 2)
        #expect(bench.collect().sends.count == 1)
        // Somebody else answers there now, who has nothing.
        bench.open(0, instance: 999, limit: 1000)
        #expect(bench.sender.openCount == 2)
        #expect(bench.report(0, limit: 1000, done: [1...1]).sends.count == 1)
    }
}
