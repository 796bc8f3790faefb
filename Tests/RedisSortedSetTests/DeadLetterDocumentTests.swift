import Redis
import RedisQueues
import TestServers
import Testing

/// What is kept of a message that ends as a dead letter.
struct DeadLetterDocumentTests {
    private func document(_ body: [UInt8], size: Int? = nil) -> DeadLetterDocument {
        DeadLetterDocument(
            queue: "q", id: "", reason: "r", time: 1, deliveries: 2, attempts: 3, body: body[...], size: size)
    }

    private func text(_ document: DeadLetterDocument, atMost limit: Int = 10_000) -> String {
        let start = #"{"queue":"q","id":"","reason":"r","time":1,"deliveries":2,"attempts":3,"body":"#
        let text = String(decoding: document.encoded(atMost: limit), as: UTF8.self)
        return text.hasPrefix(start) ? String(text.dropFirst(start.count).dropLast()) : text
    }

    @Test
    func textStaysTextUnlessBase64IsShorter() {
        #expect(text(document(Array("a\"b".utf8))) == #""a\"b""#)
        #expect(text(document([0, 0, 0])) == #""\u0000\u0000\u0000""#)
        #expect(text(document([0xFF, 0xFE])) == #""//4=","body_encoding":"base64""#)
        let zeros = text(document([UInt8](repeating: 0, count: 600)))
        #expect(zeros.hasPrefix("\"AAAA") && zeros.hasSuffix(#"AAAA","body_encoding":"base64""#))
    }

    @Test
    func whatHasNoRoomIsKeptInPartAndSaysSo() {
        let part = #""YWFhYWFhYWFh","body_encoding":"base64","body_bytes":100"#
        #expect(text(document([UInt8](repeating: 0x61, count: 100)), atMost: 12) == part)
        #expect(text(document([0x61, 0x61], size: 100)) == #""aa","body_bytes":100"#)
    }

    @Test
    func ofALargeMessageTheServerGivesTheBeginning() async throws {
        let server = try await RedisServer()
        let client = RedisClient(server.url)
        try client.connect()
        _ = try client.send(RedisCommand("HSET", "h", "f", "0123456789"))
        let calls = [("f", 10), ("f", 9), ("none", 9)].map { DeadLetterBody.call("h", $0, upTo: $1, part: 4) }
        let found = try client.run(calls).map { DeadLetterBody($0) }
        #expect(found[0] == DeadLetterBody(Array("0123456789".utf8)[...], size: 10))
        #expect(found[1] == DeadLetterBody(Array("0123".utf8)[...], size: 10))
        #expect(found[2] == nil)
    }
}
