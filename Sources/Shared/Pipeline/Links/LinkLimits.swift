/// How much of what others can make grow a receiver keeps.
package struct LinkLimits: Sendable {
    /// Sessions altogether.
    ///
    /// One more takes the place of the one that was silent for longest and holds nothing, or is not opened.
    package var sessions = 1024
    /// Sessions whose sender has not proved itself: no message has come, and no hello has named a report to it.
    ///
    /// The oldest makes place for the newest.
    package var strangers = 64
    /// Ack addresses that ask who is there whose silence is watched.
    package var asking = 64

    package init(sessions: Int = 1024, strangers: Int = 64, asking: Int = 64) {
        self.sessions = sessions
        self.strangers = strangers
        self.asking = asking
    }
}
