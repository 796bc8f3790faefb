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
    mutating func ignoresALeaseClockSetBack() {
        gate.turn(at: 1_000, leases: 90_000_000)
        gate.turn(at: 2_000, leases: 90_000_000 - 86_400_000)
        #expect(gate.isOpen(at: 2_000))
        // What is set back and goes on from there is no gap either.
        gate.turn(at: 3_000, leases: 90_001_000 - 86_400_000)
        #expect(gate.isOpen(at: 3_000))
    }

    @Test
    mutating func closesWhenTheLeaseClockIsSetAhead() {
        gate.turn(at: 1_000, leases: 90_000_000)
        #expect(gate.latest(at: 2_000) == 90_016_000)
        gate.turn(at: 2_000, leases: 90_016_001)
        #expect(gate.closedUntil == 12_000)
        gate.turn(at: 3_000, leases: 90_017_001)
        #expect(gate.closedUntil == 12_000)
    }

    @Test
    mutating func hasNoLatestTimeBeforeTheLeaseClockWasRead() {
        gate.turn(at: 1_000)
        #expect(gate.latest(at: 1_000) > 4_000_000_000_000)
    }
}
