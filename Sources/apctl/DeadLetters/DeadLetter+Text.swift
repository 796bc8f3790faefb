import Messages
import Redis
import RedisQueues

extension String {
    /// Without line breaks, or anything else that moves a terminal's cursor.
    var onOneLine: String {
        let shown = String(String.UnicodeScalarView(unicodeScalars.map { $0.properties.isControl ? " " : $0 }))
        return shown.split(separator: " ").joined(separator: " ")
    }
}

extension Unicode.Scalar.Properties {
    fileprivate var isControl: Bool {
        [.control, .format, .lineSeparator, .paragraphSeparator].contains(generalCategory)
    }
}

extension DeadLetter {
    /// Everything, as one JSON object and a line break: the number, and then what a list in Redis holds.
    var json: [UInt8] {
        let document = DeadLetterDocument(
            queue: queue, id: id, reason: reason, time: (time ?? 0) / 1000, deliveries: deliveries, attempts: attempts,
            body: body[...], size: size)
        return Array("{\"number\":\"\(number)\",".utf8) + document.encoded(atMost: .max).dropFirst() + [
            UInt8(ascii: "\n")
        ]
    }

    /// Everything for people, the body as it is.
    var sheet: [UInt8] {
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
        return Array(text.utf8) + body + [UInt8(ascii: "\n")]
    }

    private var isText: Bool { String(validating: body, as: UTF8.self) != nil }
}

extension RequestLimits {
    /// Whatever ingest takes.
    static var none: RequestLimits { RequestLimits(maxPayloadBytes: .max) }
}
