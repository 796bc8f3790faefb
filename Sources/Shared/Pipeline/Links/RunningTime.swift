/// Time in which this process was running, as opposed to frozen or starved.
///
/// The silence of peers is measured in it: for a process that was frozen for ten seconds, its peers were not silent for
/// ten seconds.
struct RunningTime: Sendable {
    /// Running time since the first call of `advance`.
    private(set) var elapsed: Duration = .zero
    private var last: Duration?
    /// `elapsed` when the last gap ended.
    private var lastGap: Duration = .zero

    /// Takes note of the monotonic clock; a step of more than a second is a gap, in which this process received
    /// nothing.
    mutating func advance(to now: Duration) {
        defer { last = now }
        guard let last, now > last else { return }
        if now - last > LinkTiming.gap {
            lastGap = elapsed
        } else {
            elapsed += now - last
        }
    }

    /// Running time since `mark` (a former `elapsed`), or since the last gap if that is less.
    func since(_ mark: Duration) -> Duration { elapsed - max(mark, lastGap) }
}

/// The times of the protocol, in running time.
package enum LinkTiming {
    /// How often hello and report are sent when there is no news.
    package static let heartbeat: Duration = .seconds(1)
    /// A step of the clock above this means that the process did not run.
    package static let gap: Duration = .seconds(1)
    /// A peer without a report for this long gets nothing new.
    package static let quiet: Duration = .milliseconds(2500)
    /// A peer without a report for this long is lost.
    package static let lost: Duration = .seconds(3)
    /// A sender from which no hello has come for this long may have given its messages here to other peers: hellos come
    /// each `heartbeat`, and a process heard a heartbeat ago has two seconds left before it is lost.
    package static let doubt: Duration = .milliseconds(1500)
    /// A data socket whose hello is not answered for this long, while reports come, is replaced.
    package static let unanswered: Duration = .seconds(3)
    /// A sender that sends hellos for this long without receiving an answer does not receive any report.
    package static let unheard: Duration = .milliseconds(2500)
    /// A peer that is connected for this long, and has never reported, cannot reach the address for reports: two hellos
    /// have gone unanswered.
    package static let unreported: Duration = .seconds(2)
    /// The data socket of a peer that is silent altogether is replaced this often: a stuck socket cannot be
    /// distinguished from a dead peer, and the process that replaces the peer could not be reached through it.
    package static let silentReplacement: Duration = .seconds(10)
    /// A transfer slower than this, in bytes a second, has its socket replaced.
    package static let slowestTransfer = 1 << 20
    /// A receiver forgets a session without a frame for this long.
    package static let forgotten: Duration = .seconds(600)
    /// A receiver forgets a session after this much silence when another one from the same ack address lives.
    package static let followed: Duration = .seconds(10)
    /// A draining receiver stays at least this long.
    package static let drain: Duration = .seconds(2)
    /// `tick` must be called at least this often.
    package static let tick: Duration = .milliseconds(250)
    /// Finished messages are reported this long after the first of them, so that one report covers many: no process
    /// waits for it.
    package static let settling: Duration = .milliseconds(2)
    /// How often the receiver adapts the shares of its senders to recent use.
    static let adaptation: Duration = .milliseconds(100)
    /// A message refused by the only peer there is goes to it again after this long.
    static let offerAgain: Duration = .seconds(1)
    /// How often that time is doubled, at most.
    static let maxDoublings = 2
    /// How often messages that were refused are checked.
    static let refusedLook: Duration = .milliseconds(50)
}
