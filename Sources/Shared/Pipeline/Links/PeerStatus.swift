/// One downstream process, for people.
package struct PeerStatus: Sendable, Equatable {
    package let address: String
    /// Of the receiver; 0 when it has never answered.
    package let instance: UInt64
    package let session: UInt64
    /// Messages it has room for.
    package let room: Int
    /// Messages it holds that are not done.
    package let open: Int
    /// Age of the oldest of them, `nil` for none.
    package let oldestOpen: Duration?
    /// Running time since its last report.
    package let silence: Duration
    package let isLive: Bool
    package let isLost: Bool
    package let isDraining: Bool
    /// A report has come.
    ///
    /// A peer that is connected and has not answered for 5 s cannot reach the ack address.
    package let hasAnswered: Bool
    package let isResolved: Bool
    /// Identity of a process that answers there and does not belong there: it gets no messages.
    package let misfit: Introduction?
}

/// Counters of a sender since it began.
package struct SenderTotals: Sendable, Equatable {
    /// Messages given to a peer for the first time in a session.
    package var sent: UInt64 = 0
    package var done: UInt64 = 0
    /// Messages sent once more to the same peer because they were missing there.
    package var sentAgain: UInt64 = 0
    /// Messages that left a lost peer for another.
    package var moved: UInt64 = 0
    package var refused: UInt64 = 0
    package var deadLetters: UInt64 = 0
    package var lostPeers: UInt64 = 0
    package var replacedSockets: UInt64 = 0
    /// Reports for a session this process does not have.
    package var unknownReports: UInt64 = 0
    /// Reports that came after a newer one.
    package var staleReports: UInt64 = 0

    package init() {}
}
