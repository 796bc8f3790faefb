import Messages
import PipelineMetrics
import Queue
import Testing

@testable import IngestStage

/// Whether a queue is worth waiting for.
struct ExpectedRequestTests {
    private func lane() -> IngestLane {
        IngestLane(
            settings: QueueSettings(id: "q", name: "q", target: .url("http://g/")),
            metrics: RequestMetrics(registry: MetricsRegistry(), queueID: "q", queueName: "q"))
    }

    @Test
    func nothingIsExpectedBeforeAnythingIsAskedFor() {
        #expect(lane().expected(at: .zero) == nil)
    }

    @Test
    func theFirstLeaseIsWorthAMoment() {
        var lane = lane()
        lane.beginLease(8, at: .seconds(1))
        #expect(lane.expected(at: .seconds(1)) == .milliseconds(20))
        #expect(lane.expected(at: .milliseconds(1020)) == nil, "its server may be away")
    }

    @Test
    func moreIsExpectedAfterALeaseThatBroughtAllThatWasAskedFor() {
        var lane = lane()
        lane.beginLease(8, at: .seconds(1))
        lane.endLease(8, at: .seconds(2))
        #expect(lane.expected(at: .seconds(2)) == .milliseconds(20))
        #expect(lane.expected(at: .milliseconds(2030)) == nil)
        lane.beginLease(8, at: .milliseconds(2100))
        #expect(lane.expected(at: .milliseconds(2115)) == .milliseconds(5), "however long it had to wait for permits")
    }

    @Test(arguments: [0, 7])
    func nothingIsExpectedOfAQueueThatHadFewer(count: Int) {
        var lane = lane()
        lane.beginLease(8, at: .seconds(1))
        lane.endLease(count, at: .milliseconds(1005))
        lane.beginLease(8, at: .milliseconds(1006))
        #expect(lane.expected(at: .milliseconds(1007)) == nil)
    }

    @Test
    func whatIsHereIsNotExpected() {
        var lane = lane()
        lane.beginLease(1, at: .seconds(1))
        lane.endLease(1, at: .seconds(1))
        lane.waiting.append((Envelope(id: "a", queue: "q", receipt: Receipt("r")), 1))
        #expect(lane.expected(at: .seconds(1)) == nil)
    }
}
