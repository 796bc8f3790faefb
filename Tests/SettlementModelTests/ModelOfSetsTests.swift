import Messages
import Queue
import SettlementModel
import Testing

/// The model of a queue that tells requests apart by their bytes.
struct ModelOfSetsTests {
    @Test
    func holdsTheSameBytesBackUntilTheFirstHaveTheirRecord() throws {
        var bench = ModelBench(.set)
        try bench.submit(1)
        #expect(!bench.model.mayResubmit(1))
        let first = try bench.lease(1)
        #expect(bench.model.mayResubmit(1))
        try bench.take(.resubmit(request: 2, of: 1))
        #expect(bench.model.available(to: 1, at: ModelBench.now).isEmpty)
        #expect(throws: Violation.self) { try bench.lease(1, by: 1) }
        try bench.settle(first, .result, .settled)
        #expect(bench.model.available(to: 1, at: ModelBench.now).map(\.number) == [2])
    }

    @Test
    func parksWhatIsReleasedWhileItsBytesWait() throws {
        var bench = ModelBench(.set)
        try bench.submit(1)
        let first = try bench.lease(1)
        try bench.take(.resubmit(request: 2, of: 1))
        try bench.settle(first, .release, .settled)
        let due = (ModelBench.now - 1)...(ModelBench.now + 1)
        #expect(bench.state(1) == .parked(due: due))
        #expect(bench.state(2) == .waiting)
    }

    @Test
    func forgetsWhatIsReleasedWithoutCounts() throws {
        var bench = ModelBench(.set)
        try bench.submit(1)
        let old = try bench.lease(1)
        try bench.settle(old, .release, .settled)
        try bench.settle(old, .result, .stale)
        try bench.lease(1)
        try bench.settle(old, .result, .stale)
    }

    @Test
    func remembersWhatIsReleasedWithCounts() throws {
        var bench = ModelBench(.set)
        try bench.submit(1)
        try bench.lease(1)
        try bench.take(.expire(request: 1))
        let old = try bench.lease(1, deliveries: 1)
        try bench.settle(old, .release, .settled)
        try bench.settle(old, .result, .stale)
        try bench.lease(1, deliveries: 1)
        try bench.settle(old, .result, .settled)
    }

    @Test
    func takesALostReplyForAGap() throws {
        var bench = ModelBench(.set)
        try bench.submit(1)
        let name = try bench.lease(1)
        try bench.take(.renew(source: 0, leases: [name], losesReply: true), .lost([]))
        #expect(bench.model.mayTakeOver == [false, true])
    }
}
