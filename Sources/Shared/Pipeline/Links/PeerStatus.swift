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
    /// Who answers there and does not belong there: it gets nothing.
    package let misfit: Introduction?
}
