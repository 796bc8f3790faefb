import Forecasts
import Loop
import Messages
import PipelineMetrics
import Primitives
import Queue
import Stage

/// What ingest shows of the requests it holds, and how fast they end.
@PipelineActor
struct IngestMeters {
    private var held: HeldMetrics
    /// Per queue.
    private var rates: [CompletionRate]

    init(queues: Int, held: HeldMetrics) {
        self.held = held
        rates = Array(repeating: CompletionRate(), count: queues)
    }

    /// A request has ended, or is parked, whatever has come of it.
    mutating func ended(_ holding: Holdings.Holding) {
        guard holding.isForAttempt else { return }
        let left = Double(holding.deadline) - Double(WallClock.now().milliseconds) / 1000
        rates[holding.queue].ended(
            after: (EventLoop.shared.now - holding.sentAt) / .seconds(1), left: left, isFirst: holding.isFirstAttempt)
    }

    /// Shows what waits here, and what no dispatch has taken.
    mutating func show(_ lanes: [IngestLane], unsent: [Int], _ dispatch: OutgoingLink) {
        var counts = HeldCounts()
        for (lane, unsent) in zip(lanes, unsent) {
            counts.add(unsent + lane.unwanted.count, of: lane.settings.name, in: .leased)
        }
        dispatch.count(in: .link, into: &counts)
        held.show(counts)
        for lane in lanes { lane.metrics.depth.set(counts.count(of: lane.settings.name, in: .leased, .link)) }
    }

    /// What becomes of a queue's requests, now that what waits has been counted.
    ///
    /// - Parameters:
    ///   - open: leases of this process.
    ///   - isJudged: gates put off requests that no attempt was made of, which then are among those that are parked.
    mutating func forecast(_ backlog: Backlog, queue: Int, open: Int, isJudged: Bool) -> Forecast {
        rates[queue].look(
            at: EventLoop.currentTime / .seconds(1), hasWork: open > 0 || (backlog.waiting ?? 0) > 0, own: open,
            all: backlog.leased, parked: isJudged ? nil : backlog.parked)
        return Forecast(
            backlog, ahead: backlog.leased ?? open, perSecond: rates[queue].perSecond,
            secondsEach: rates[queue].secondsEach)
    }
}
