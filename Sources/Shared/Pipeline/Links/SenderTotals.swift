/// What a sender has counted since it began.
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
