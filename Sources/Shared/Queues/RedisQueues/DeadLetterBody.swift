package import Messages
package import Redis

/// The message of a dead letter as the server has it: whole, or its beginning where it is larger than any request.
///
/// What ends here was not looked at by anybody: it may be as large as the server takes. It must not go through emit as a
/// whole, and its letter has to be one that the server takes as well.
package struct DeadLetterBody: Sendable, Equatable {
    package let bytes: Bytes
    /// Of the whole message.
    package let size: Int

    /// Messages up to this size are kept whole: more than any request has.
    package static let maxWhole = 96 << 20
    /// What is kept of a larger one.
    package static let part = 1 << 20

    private static let script = RedisScript(
        name: "letter-body", source: ScriptText.joined(PackageResources.letter_body_lua))

    /// Asks for the message in a field of a hash.
    package static func call(
        _ hash: String, _ field: some RedisArgument, upTo largest: Int = maxWhole, part: Int = part
    ) -> RedisCall {
        script.call(keys: [hash]).with(field, largest, part)
    }

    package init(_ bytes: Bytes, size: Int) {
        self.bytes = bytes
        self.size = size
    }

    /// What the server answered; `nil` if there is no such message, or for an error.
    package init?(_ reply: RedisReply) {
        guard let parts = reply.array, parts.count == 2, let bytes = parts[0].bytes, let size = parts[1].integer else {
            return nil
        }
        self.init(bytes[...], size: Int(size))
    }
}
