/// Limits on the state that other processes can make a receiver keep.
package struct LinkLimits: Sendable {
    /// Sessions altogether.
    ///
    /// One more replaces the session that was silent for longest and holds nothing; if there is none, it is not opened.
    package var sessions = 1024
    /// Sessions whose sender has not proved itself: no message has come, and no hello has named a report to it.
    ///
    /// The newest replaces the oldest.
    package var strangers = 64
    /// Watched ack addresses of senders without a session.
    package var asking = 64

    package init(sessions: Int = 1024, strangers: Int = 64, asking: Int = 64) {
        self.sessions = sessions
        self.strangers = strangers
        self.asking = asking
    }
}
