import Messages

/// The requests of a run, by number from 0, and what must come back for each.
///
/// A payload says which request it is, and the gateway answers with that and with a digest of every byte it got, so that
/// a result that belongs to another request, or a payload that was changed on the way, does not go unseen.
package struct Traffic: Sendable, Equatable {
    /// What must become of a request.
    package enum Fate: Sendable, Equatable {
        case answered
        /// Its gateway is silent: `DEADLINE_EXCEEDED`.
        case unanswered
        /// It ends every dispatch that starts it: `DEAD_LETTER`.
        case poison
    }

    /// Numbers of the requests that end any dispatch that starts them.
    package var poisons: Set<Int>
    /// Every so many-th request goes to the queue whose gateway is silent; 0 for none.
    package var silentEvery: Int
    /// Of the requests to the silent gateway, in Unix seconds.
    package var silentDeadline: Int64
    /// Bytes of a request's payload, about.
    package var payloadBytes: Int

    package init(
        poisons: Set<Int> = [], silentEvery: Int = 0, silentDeadline: Int64 = 9_999_999_999, payloadBytes: Int = 500
    ) {
        self.poisons = poisons
        self.silentEvery = silentEvery
        self.silentDeadline = silentDeadline
        self.payloadBytes = payloadBytes
    }

    package func fate(of number: Int) -> Fate {
        if poisons.contains(number) { return .poison }
        return silentEvery > 0 && number % silentEvery == silentEvery - 1 ? .unanswered : .answered
    }

    /// The request as a producer writes it.
    ///
    /// Deadlines are in the order of the numbers: a queue that goes by deadline serves first what came first.
    package func request(_ number: Int) -> Publication {
        let fate = fate(of: number)
        let deadline = fate == .unanswered ? silentDeadline : 9_000_000_000 + Int64(number)
        let headers = fate == .poison ? #","headers":{"x-fault":"crash"}"# : ""
        return Publication(
            body: #"{"id":"c\#(number)","deadline":"\#(deadline)","payload":\#(payload(number))\#(headers)}"#,
            deadline: deadline, isSilent: fate == .unanswered)
    }

    /// A payload whose bytes would not survive being read and written again.
    func payload(_ number: Int) -> String {
        let text = #"{"n":\#(number) , "seed":9007199254740993,"temperature":1.0e0, "prompt" : "\u0041 \/ ü "#
        let filling = max(0, payloadBytes - text.utf8.count - 2)
        return text + String(repeating: "x", count: filling) + #""}"#
    }

    /// The number in the payload that reached the gateway; `nil` if it is none of ours.
    package static func number(in body: [UInt8]) -> Int? {
        let prefix = Array(#"{"n":"#.utf8)
        guard body.starts(with: prefix) else { return nil }
        return Int(String(decoding: body[prefix.count...].prefix { (0x30...0x39).contains($0) }, as: UTF8.self))
    }

    /// What the gateway answers to a payload.
    package static func answer(to number: Int, body: [UInt8]) -> String {
        "answer \(number) \(String(digest(body), radix: 16))"
    }

    /// FNV-1a, 64 bits.
    private static func digest(_ bytes: [UInt8]) -> UInt64 {
        bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }

    /// Whether a result is what request `number` must get.
    package func isRight(_ result: ResultLine, for number: Int) -> Bool {
        switch fate(of: number) {
        case .answered:
            result.statusCode == 200 && result.payload == Self.answer(to: number, body: Array(payload(number).utf8))
        case .unanswered: result.errorCode == "DEADLINE_EXCEEDED"
        case .poison: result.errorCode == "DEAD_LETTER"
        }
    }
}

/// A request on its way into the queue.
package struct Publication: Sendable, Equatable {
    package var body: String
    /// Unix seconds.
    package var deadline: Int64
    /// Whether it goes to the queue whose gateway is silent.
    package var isSilent: Bool

    package init(body: String, deadline: Int64 = 9_000_000_000, isSilent: Bool = false) {
        self.body = body
        self.deadline = deadline
        self.isSilent = isSilent
    }
}

/// What of a result counts here.
package struct ResultLine: Sendable, Equatable {
    package var id = ""
    package var statusCode: Int?
    package var payload = ""
    package var errorCode = ""

    package init(id: String, statusCode: Int? = nil, payload: String = "", errorCode: String = "") {
        self.id = id
        self.statusCode = statusCode
        self.payload = payload
        self.errorCode = errorCode
    }

    /// Reads a result's JSON; `nil` when it is not an object.
    package init?(json: [UInt8]) {
        var scanner = JSONScanner(json[...])
        do throws(JSONError) {
            try scanner.readObject(depth: 0) { (scanner, name) throws(JSONError) in
                let isText = try scanner.nextKind() == .string
                switch scanner.text(of: name) {
                case "id" where isText: id = try scanner.readText()
                case "payload" where isText: payload = try scanner.readText()
                case "error_code" where isText: errorCode = try scanner.readText()
                case "status_code": statusCode = Int(scanner.text(of: try scanner.readNumber()))
                default: try scanner.skipValue()
                }
            }
        } catch {
            return nil
        }
    }

    /// The number of the request it answers; `nil` if it is none of ours.
    package var number: Int? { id.hasPrefix("c") ? Int(id.dropFirst()) : nil }
}

extension JSONScanner {
    fileprivate mutating func readText() throws(JSONError) -> String { text(of: try readString()) }
}
