import Foundation

/// Messages that a producer put on the queue, in one batch with ordinary ones.
extension Oddity {
    static let messages: [Oddity] = [
        message("no JSON", "hello", .deadLetter("not JSON: 'h'")),
        message("nothing", " ", .deadLetter("not JSON: the text ends")),
        message("bytes that are no text", [0xFF, 0xFE, 0x00, 0x80], .deadLetter("not JSON: byte 255")),
        message("an array", #"[{"id":"a"}]"#, .deadLetter("not a JSON object but an array")),
        message("a number", "17", .deadLetter("not a JSON object but a number")),
        message("an object that never ends", #"{"id":"a","payload":{"#, .deadLetter("the text ends where")),
        message("something behind the object", request(id: "@") + [0], .deadLetter("end of the text should stand")),
        message("no id", #"{"deadline":9000000000,"payload":{}}"#, .deadLetter("id: missing")),
        message("an empty id", #"{"id":"","deadline":9000000000,"payload":{}}"#, .deadLetter("id: empty")),
        message(
            "a number as id", #"{"id":17,"deadline":9000000000,"payload":{}}"#, .deadLetter("id: expected a string")),
        message(
            "half a surrogate pair as id", #"{"id":"x\ud800","deadline":9000000000,"payload":{}}"#,
            .deadLetter("id: not Unicode text")),
        message("Latin-1 in the id", request(id: "caf").replacingE(), .deadLetter("id: not Unicode text")),
        message("an id of 100 KB", request(id: String(repeating: "i", count: 100_000)), .deadLetter("id: longer than")),
        message("600 levels in metadata", nested(600), .deadLetter("nested deeper than 512")),
        message("500 levels in the payload", request(payload: levels(500)), .result("200")),
        message("an id with NUL", request(id: #"@\u0000b"#), idSuffix: "\u{0}b", .result("200")),
        message(
            "an id with line breaks", request(id: #"@\r\nSET a b\r\n"#), idSuffix: "\r\nSET a b\r\n", .result("200")),
        message("a byte order mark", [0xEF, 0xBB, 0xBF] + request(), .result("200")),
        message("no payload", #"{"id":"@","deadline":9000000000}"#, .result("INVALID_REQUEST")),
        message("an array as payload", request(payload: "[1]"), .result("INVALID_REQUEST")),
        message("text as payload", request(payload: #""hi there""#), .result("INVALID_REQUEST")),
        message("base64 of no JSON as payload", request(payload: #""aGk=""#), .result("INVALID_REQUEST")),
        message(
            "numbers beyond a double", request(payload: #"{"a":1e400,"b":-1e400,"c":123456789012345678901234567890}"#),
            .result("200")),
        message("no deadline", #"{"id":"@","payload":{}}"#, .result("INVALID_REQUEST")),
        message("a deadline of 2^63", request(deadline: "9223372036854775808"), .result("INVALID_REQUEST")),
        message("a deadline of 2^63 - 1", request(deadline: "9223372036854775807"), .result("200")),
        message("a deadline of -2^63", request(deadline: "-9223372036854775808"), .result("INVALID_REQUEST")),
        message("a deadline of 1e400", request(deadline: "1e400"), .result("INVALID_REQUEST")),
        message("a deadline long over", request(deadline: "1"), .result("DEADLINE_EXCEEDED")),
        message("a retry count of 2^63 - 1", request(more: #""retry_count":9223372036854775807"#), .result("200")),
        message("a retry count of -1", request(more: #""retry_count":-1"#), .result("200")),
        message("a retry count of 1e400", request(more: #""retry_count":1e400"#), .result("INVALID_REQUEST")),
        message(
            "a header with a line break", request(more: #""headers":{"x":"a\r\nb: c"}"#), .result("INVALID_REQUEST")),
        message(
            "a traceparent with a line break", request(more: #""headers":{"traceparent":"a\r\nb: c"}"#), .result("200")),
        message(
            "a tracestate of 2 MB",
            request(
                more:
                    #""metadata":{"traceparent":"\#(trace)","tracestate":"\#(String(repeating: "t", count: 2 << 20))"}"#
            ), .result("200")),
        message("a header without a name", request(more: #""headers":{"":"a"}"#), .result("INVALID_REQUEST")),
        message(
            "a header of 2 MB", request(more: #""headers":{"x":"\#(String(repeating: "y", count: 2 << 20))"}"#),
            .result("INVALID_REQUEST")),
        message(
            "300 headers", request(more: #""headers":{\#((0..<300).map { #""h\#($0)":"""# }.joined(separator: ","))}"#),
            .result("INVALID_REQUEST")),
        message(
            "Transfer-Encoding as header", request(more: #""headers":{"Transfer-Encoding":"chunked"}"#),
            .result("INVALID_REQUEST")),
        message("another host as endpoint", request(more: #""endpoint":"http://127.0.0.1:1/x""#), .anyResult),
        message("a line break in the endpoint", request(more: #""endpoint":"/a\r\nb""#), .result("INVALID_REQUEST")),
        message("a fragment in the endpoint", request(more: #""endpoint":"/a#b""#), .result("INVALID_REQUEST")),
        message("a broken percent in the endpoint", request(more: #""endpoint":"/%zz""#), .result("INVALID_REQUEST")),
        message("an unknown kind of envelope", envelope(kind: "kafka"), .result("INVALID_REQUEST")),
        message("1e400 in the envelope", envelope(internal: #""labels":{},"x":1e400"#), .result("200")),
        message("2^53 + 1 in the envelope", envelope(internal: #""x":9007199254740993"#), .result("200")),
        message("300 levels in the envelope", envelope(internal: #""x":\#(levels(300))"#), .result("200")),
        message(
            "a token of 100 KB", envelope(internal: #""request_token":"\#(String(repeating: "t", count: 100_000))""#),
            .result("INVALID_REQUEST")),
        message("a token with NUL and quotes", envelope(internal: #""request_token":"\u0000\"\\""#), .result("200")),
        message(
            "half a surrogate pair as token", envelope(internal: #""request_token":"\udc00""#),
            .result("INVALID_REQUEST")),
        message("an object as token", envelope(internal: #""request_token":{}"#), .result("INVALID_REQUEST")),
        retried("1e400 in the envelope, after a 503", #""x":1e400"#),
        retried("deep levels in the envelope, after a 503", #""x":\#(levels(400))"#),
        retried("a retry count of 2^62, after a 503", #""retry_count":4611686018427387904"#),
    ]

    static let destinations: [Oddity] = [
        destination("the request set", OddQueue.requests),
        destination("another request set", OddQueue.hostileRequests),
        destination("the retry set", "retry-sortedset"),
        destination("the leases", "async:\(OddQueue.requests):leases"),
        destination("the dead letters", "\(OddQueue.requests):dead-letter"),
        destination("a string", "a-string") { try $0.queue.run("SET", "a-string", "x") },
        destination("a hash", "a-hash") { try $0.queue.run("HSET", "a-hash", "x", "y") },
        destination("a list that no right covers", "elsewhere") {
            try $0.queue.run("ACL", "SETUSER", OddQueue.user, "resetkeys", "~*-*", "~request*", "~async:*", "~odd*")
        },
        message(
            "a destination of 100 KB",
            envelope(internal: #""result_queue_name":"\#(String(repeating: "d", count: 100_000))""#),
            .result("INVALID_REQUEST")),
    ]

    // MARK: - How they are made

    private static let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    /// A message; `@` in it stands for the id.
    private static func message(_ name: String, _ text: String, idSuffix: String = "", _ fate: Fate) -> Oddity {
        message(name, Array(text.utf8), idSuffix: idSuffix, fate)
    }

    private static func message(_ name: String, _ bytes: [UInt8], idSuffix: String = "", _ fate: Fate) -> Oddity {
        Oddity(.message, name) { bench in
            let id = "odd-\(bench.number())"
            try bench.submit(bytes.replacing([UInt8(ascii: "@")], with: Array(id.utf8)))
            try await bench.expect(fate, of: id + idSuffix)
        }
    }

    /// Fails at the gateway once, so that emit parks it and ingest takes it again.
    private static func retried(_ name: String, _ fields: String) -> Oddity {
        Oddity(.message, name) { bench in
            let number = bench.number()
            let refusal = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            bench.hostile.set("/\(number)", .init(bytes: Array(refusal.utf8)))
            let message = envelope(
                internal: fields, deadline: Int(Date.now.timeIntervalSince1970) + 3, more: #","endpoint":"/\#(number)""#
            )
            let id = "odd-\(number)"
            try bench.submit(message.replacing([UInt8(ascii: "@")], with: Array(id.utf8)), to: OddQueue.hostileRequests)
            try await bench.expect(.noSuccess, of: id)
        }
    }

    /// A request whose result would be pushed where it must not be.
    private static func destination(
        _ name: String, _ key: String, _ prepare: @escaping @Sendable (OddityBench) throws -> Void = { _ in }
    ) -> Oddity {
        Oddity(.destination, name) { bench in
            try prepare(bench)
            let id = "odd-\(bench.number())"
            let message = envelope(internal: #""result_queue_name":"\#(key)""#)
            try bench.submit(message.replacing([UInt8(ascii: "@")], with: Array(id.utf8)))
            // Refused as a whole, or a dead letter that keeps the reason.
            try await eventually("\(id) has a result or is a dead letter", within: .seconds(20)) {
                try bench.queue.result(id) != nil
                    || bench.queue.deadLetters(of: OddQueue.requests).contains { $0.contains("\"\(id)\"") }
            }
            try bench.queue.run("ACL", "SETUSER", OddQueue.user, "allkeys")
        }
    }

    private static func request(
        id: String = "@", deadline: String = "9000000000", payload: String = #"{"model":"m"}"#, more: String = ""
    ) -> [UInt8] {
        let rest = more.isEmpty ? "" : ",\(more)"
        return Array(#"{"id":"\#(id)","deadline":\#(deadline),"payload":\#(payload)\#(rest)}"#.utf8)
    }

    private static func envelope(
        kind: String = "redis", internal fields: String = "", deadline: Int = 9_000_000_000, more: String = ""
    ) -> [UInt8] {
        Array(
            (#"{"internal":{\#(fields)},"request_kind":"\#(kind)","#
                + #""data":{"id":"@","deadline":\#(deadline),"payload":{"model":"m"}\#(more)}}"#).utf8)
    }

    private static func levels(_ count: Int) -> String {
        String(repeating: #"{"a":"#, count: count) + "1" + String(repeating: "}", count: count)
    }

    private static func nested(_ count: Int) -> [UInt8] { request(more: #""metadata":\#(levels(count))"#) }
}

extension [UInt8] {
    /// The last letter of the id as a byte of Latin-1.
    fileprivate func replacingE() -> [UInt8] {
        replacing(Array(#"caf""#.utf8), with: Array("caf".utf8) + [0xE9, 0x22])
    }
}
