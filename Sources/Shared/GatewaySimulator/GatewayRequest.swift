package import Messages

/// One request as it came over the wire, and what became of it.
package struct GatewayRequest: Sendable, Equatable {
    /// Counts requests in the order in which they arrived complete, from 1.
    package var number: Int
    /// Counts connections in the order in which they were accepted, from 1.
    package var connection: Int
    /// How often this request has been seen, this time included: by `x-request-id`, without one by its body.
    package var attempt: Int
    package var method: String
    /// The target as sent: path and query.
    package var path: String
    /// Names as sent, in the order sent.
    package var headers: [HeaderField]
    /// Every byte of the body, as sent.
    package var body: [UInt8]
    package var outcome: Outcome

    package enum Outcome: Sendable, Equatable {
        /// Not answered yet.
        case open
        /// Answered whole, with this status.
        case answered(Int)
        /// The simulator closed the connection, before the answer or in the middle of it.
        case cut
        /// The other side closed the connection before it had the whole answer.
        case abandoned
    }

    /// The first value of a header, whatever the case of its name.
    package func header(_ name: String) -> String? {
        let name = name.lowercased()
        return headers.first { $0.name.lowercased() == name }?.value
    }

    /// The target without its query.
    package var pathWithoutQuery: String {
        guard let query = path.utf8.firstIndex(of: UInt8(ascii: "?")) else { return path }
        return String(path[..<query])
    }

    /// Whether it asks for an inference; probes and scrapes do not.
    var isInference: Bool { method == "POST" && OpenAI.inferencePaths.contains(pathWithoutQuery) }

    /// The body as text, with whatever is not UTF-8 replaced.
    package var text: String { String(decoding: body, as: UTF8.self) }
}

/// What the simulator does with one request.
package indirect enum GatewayAnswer: Sendable, Equatable {
    /// What the path normally answers, after the latency.
    case normal
    /// Exactly this, after the latency. `Content-Length` is added.
    case response(Int, headers: [HeaderField], body: [UInt8])
    /// An OpenAI-style error with this status, at once and without taking an inference's place.
    case refusal(Int, retryAfter: String?)
    case cutBeforeAnswer
    case cutInBody
    case slow(over: Duration)
    case silent
    /// The answer, after this much more time.
    case after(Duration, GatewayAnswer)
}
