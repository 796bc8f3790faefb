import Queue
import Testing

struct TakeOverGateTests {
    /// Lease 30 s: half a lease is 15 s, a third is 10 s.
    private var gate = TakeOverGate(leaseMilliseconds: 30_000)

    @Test
    mutating func isOpenAtFirst() {
        gate.turn(at: 1_000_000)
        #expect(gate.closedUntil <= 1_000_000)
    }

    @Test
    mutating func staysOpenWhileSignsOfLifeFollowEachOther() {
        for second in 0..<10 { gate.turn(at: Int64(second) * 15_000) }
        #expect(gate.closedUntil <= 0)
    }

    @Test
    mutating func closesForAThirdOfALeaseAfterAGap() {
        gate.turn(at: 0)
        gate.turn(at: 15_001)
        #expect(gate.closedUntil == 25_001)
        gate.turn(at: 25_000)
        #expect(gate.closedUntil == 25_001)
    }

    @Test
    mutating func closesFromTheFirstAnswerAfterAFailure() {
        gate.turn(at: 0)
        gate.fail()
        gate.fail()
        gate.turn(at: 3_000)
        gate.turn(at: 4_000)
        #expect(gate.closedUntil == 13_000)
    }

    @Test
    mutating func closesAfterFailingToConnect() {
        gate.fail()
        gate.turn(at: 500)
        #expect(gate.closedUntil == 10_500)
    }

    @Test
    mutating func ignoresAClockSetBack() {
        gate.turn(at: 1_000_000)
        gate.turn(at: 5_000)
        #expect(gate.closedUntil <= 5_000)
    }
}
