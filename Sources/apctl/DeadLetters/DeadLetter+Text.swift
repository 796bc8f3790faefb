import Messages
import Redis
import RedisQueues

extension String {
    /// Without line breaks, or anything else that moves a terminal's cursor.
    var onOneLine: String {
        let shown = String(String.UnicodeScalarView(unicodeScalars.map { $0.isHidden ? " " : $0 }))
        return shown.split(separator: " ").joined(separator: " ")
    }
}

extension DeadLetter {
    /// Everything, as one JSON object and a line break: the number, and then what a list in Redis holds.
    ///
    /// What would drive a terminal stands there as JSON's escapes: any program reads the same.
    var json: [UInt8] {
        let document = DeadLetterDocument(
            queue: queue, id: id, reason: reason, time: (time ?? 0) / 1000, deliveries: deliveries, attempts: attempts,
            body: body[...], size: size)
        let fields = String(decoding: document.encoded(atMost: .max).dropFirst(), as: UTF8.self)
        return Array("{\"number\":\"\(number)\",\(fields.escapingHidden)\n".utf8)
    }

    /// Everything for people.
    ///
    /// - Parameter onTerminal: The body with codes for what would drive a terminal; otherwise it is as it is.
    func sheet(onTerminal: Bool) -> [UInt8] {
        var text = """
            number      \(number)
            time        \(timeText)
            id          \(id.onOneLine)
            queue       \(queue.onOneLine)
            reason      \(reason.onOneLine)
            deliveries  \(deliveries)
            attempts    \(attempts)

            """
        if case .request(let request) = InboundRequest.decode(body[...], limits: .none) {
            text += "deadline    \(DeadLetter.timeText(request.deadline))\n"
        }
        text += "body        \(body.count) bytes\(size.map { " of \($0)" } ?? "")\(isText ? "" : ", not UTF-8")\n\n"
        let shown = onTerminal ? Array(ShownBytes(body, most: .max).text.utf8) : body
        return Array(text.utf8) + shown + [UInt8(ascii: "\n")]
    }

    private var isText: Bool { String(validating: body, as: UTF8.self) != nil }
}

extension RequestLimits {
    /// Whatever ingest takes.
    static var none: RequestLimits { RequestLimits(maxPayloadBytes: .max) }
}
