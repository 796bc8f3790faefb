/// A mistake built into the simulated processes around the state machines, to show that the simulator finds it.
package enum Defect: String, Sendable, CaseIterable {
    /// A relay finishes a message when it begins with it.
    case doneBeforeProcessing
    /// A restarted sender uses the session numbers of the one before.
    case numbersReusedAfterRestart
    /// A report for a session that is over is taken for one of the present session with that peer.
    case reportBelievedForAnotherSession
    /// What a dead receiver held is not sent to anybody.
    case nothingSentAgainAfterReceiverRestart
    /// After a cut connection all open messages are sent again.
    case everythingSentAgainAfterCut
    /// Each number is reported as done in one report only.
    case doneForgottenAfterLostReport
    /// Each message frame that is lost takes a place of the receiver's room with it, for good.
    case roomLeaksPerLostFrame
    /// A message that killed its holders is offered on as if it had not.
    case poisonPassedOn
    /// Messages that lost their holders twice travel together.
    case poisonNotIsolated
    /// A session is opened by whoever gets the hello, also by a process it was not meant for.
    case sessionOpenedByAnotherInstance
    /// The whole of silence is counted after a freeze, though nobody listened.
    case frozenTimeCountedAsSilence
    /// The report with the highest number is the newest, whatever it answers.
    case highestNumberBelievedForEver
    /// Sessions of senders that can be reached no more are kept as if they could.
    case goneSendersKept
    /// What a draining receiver gives back is forgotten.
    case refusedForgotten
}
