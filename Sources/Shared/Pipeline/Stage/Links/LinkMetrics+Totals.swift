import Links
import PipelineMetrics

extension LinkMetrics {
    /// Counts what a sender has counted since it was asked last.
    func count(_ totals: SenderTotals, since before: SenderTotals) {
        sent.increment(by: Int(totals.sent - before.sent))
        done.increment(by: Int(totals.done - before.done))
        sentAgain.increment(by: Int(totals.sentAgain - before.sentAgain))
        refused.increment(by: Int(totals.refused - before.refused))
        dropped.increment(by: Int(totals.unknownReports - before.unknownReports))
    }

    /// The same for a receiver.
    func count(_ totals: ReceiverTotals, since before: ReceiverTotals) {
        sent.increment(by: Int(totals.taken - before.taken))
        done.increment(by: Int(totals.finished - before.finished))
        sentAgain.increment(by: Int(totals.missing - before.missing))
        refused.increment(by: Int(totals.refused - before.refused))
        dropped.increment(by: Int(totals.unknownSession - before.unknownSession))
    }
}
