/// What is answered on a port: that of a stage's status, or the page of `apctl ui`.
package protocol PortService: Sendable {
    var limits: PortLimits { get }
    /// The answer to what is no request, or one that is too long; all bytes of it.
    var refusal: [UInt8] { get }

    /// - Parameter body: empty where bodies are not looked at.
    func reply(to head: RequestHead, body: [UInt8]) -> PortReply
}

/// An answer, with all its bytes, or how to get it.
package enum PortReply {
    case now([UInt8])
    /// - Parameter orElse: is said when there is no answer within the limit, or when too many others are still awaited.
    case later(orElse: [UInt8], @Sendable () async -> [UInt8])
}

/// What one connection may take.
package struct PortLimits: Sendable {
    /// For an answer that comes later.
    package var answer: Duration
    /// For the client to take all of an answer.
    package var write: Duration
    /// Bytes of a body; `nil`: bodies are not looked at.
    package var body: Int?

    package init(answer: Duration, write: Duration = .seconds(10), body: Int? = nil) {
        self.answer = answer
        self.write = write
        self.body = body
    }
}
