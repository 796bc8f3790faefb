/// A mistake built into a queue around its adapter, to show that the model finds it.
package enum SettlementDefect: String, Sendable, CaseIterable {
    /// A result settles whatever has the receipt's place, though it is another submission.
    case submissionUnchecked
    /// A request is parked by somebody who held it once.
    case parkedByFormerHolder
    /// A request is given back by somebody who held it once.
    case releasedByFormerHolder
    /// A request is dead-lettered by somebody who held it once.
    case deadLetteredByFormerHolder
    /// The result is written first and the request removed then; the process dies between.
    case recordedBeforeRemoval
    /// The request is removed first and the result written then; the process dies between.
    case removedBeforeRecord
    /// Renewing takes a lease back from who has taken it over.
    case renewalTakesBack
    /// A source takes over straight after a gap.
    case takeoverAfterGap
    /// What is parked forgets its failed attempts.
    case attemptsForgotten
    /// A lease that was renewed counts as one that expired.
    case renewalCounts
    /// What is parked is handed out early.
    case handedOutEarly
    /// What was leased when the reply got lost is not found again.
    case lostLeaseForgotten
    /// Bytes that are leased or parked are handed out once more.
    case takenWhileHeld
}
