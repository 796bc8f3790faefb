/// Something behind a process that is not as it should be, such as the gateway that a dispatch sends to; told with its
/// reports to those who wait for it.
package struct Condition: Sendable, Equatable {
    /// Such as the gateway's scheme, host and port.
    package var subject: String
    /// The queue whose requests it concerns.
    package var queue: String
    /// One word.
    package var state: String
    /// Milliseconds since 1970; 0: from the beginning.
    package var since: Int64
    /// What is wrong, and what would cure it.
    package var text: String
    /// Requests that wait for it there.
    package var held: Int

    package init(subject: String, queue: String, state: String, since: Int64, text: String, held: Int) {
        self.subject = subject
        self.queue = queue
        self.state = state
        self.since = since
        self.text = text
        self.held = held
    }

    /// Most conditions in one report, and most bytes of one of their texts: a report is small.
    package static let most = 32
    package static let maxTextLength = 600
}
