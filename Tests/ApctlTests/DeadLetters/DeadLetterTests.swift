import Foundation
import Messages
import Redis
import RedisQueues
import Testing

@testable import Apctl

struct DeadLetterTests {
    @Test
    func readsWhatEmitWrites() {
        let bytes = element("job-17", request("job-17"), reason: "why \"not\"")
        let letter = DeadLetter(element: bytes, place: 3, queue: "q")
        #expect(letter.number.place == 3)
        #expect(letter.key == .element(bytes))
        #expect(letter.queue == "q")
        #expect(letter.id == "job-17")
        #expect(letter.reason == "why \"not\"")
        #expect(letter.time == 1_764_045_130_000)
        #expect(letter.timeText == "2025-11-25T04:32:10Z")
        #expect(letter.deliveries == 6)
        #expect(letter.attempts == 2)
        #expect(letter.body == request("job-17"))
        #expect(letter.fault == nil)
        #expect(letter.name == "\(letter.number) job-17")
    }

    @Test(arguments: [[0xFF, 0xFE], [], Array("\u{0}\n\u{1F600}\\u0000\"".utf8), [0xC3]] as [[UInt8]])
    func givesBackTheVeryBytesOfTheRequest(body: [UInt8]) {
        #expect(letter("a", place: 1, body: body).body == body)
    }

    @Test(arguments: [
        ("junk", "not a JSON object"), ("[1]", "not a JSON object"), ("{\"id\":\"a\"}", "it has no body"),
        ("{\"body\":1}", "it has no body"),
        ("{\"body\":\"=\",\"body_encoding\":\"base64\"}", "its body cannot be decoded"),
        ("{\"body\":\"eA==\",\"body_encoding\":\"rot13\"}", "its body cannot be decoded"),
    ])
    func saysWhatIsWrongWithElementsOfStrangers(element: String, problem: String) {
        let letter = DeadLetter(element: Array(element.utf8), place: 1, queue: "q")
        #expect(letter.fault == "this is no dead letter as ingest and emit write them: \(problem)")
        #expect(letter.body == Array(element.utf8))
        #expect(letter.queue == "q")
    }

    @Test(arguments: [
        ("1", "1970-01-01T00:00:01Z"), ("253402300800", "253402300800"), ("-1", "-"), ("9223372036854775807", "-"),
        ("1.5", "-"), ("\"x\"", "-"),
    ])
    func showsTimesAndSurvivesStrangeOnes(time: String, shown: String) {
        let letter = DeadLetter(element: Array("{\"body\":\"\",\"time\":\(time)}".utf8), place: 1, queue: "q")
        #expect(letter.timeText == shown)
    }

    @Test
    func writesOneJSONObjectALine() {
        let plain = letter("a", place: 2, body: Array("x\ny".utf8))
        let expected = """
            {"number":"\(plain.number)","queue":"q","id":"a","reason":"lost","time":1764045130,"deliveries":6,\
            "attempts":2,"body":"x\\ny"}

            """
        #expect(String(decoding: plain.json, as: UTF8.self) == expected)
        let raw = letter("a", place: 2, body: [0xFF, 0xFE])
        #expect(
            String(decoding: raw.json, as: UTF8.self).hasSuffix("\"body\":\"//4=\",\"body_encoding\":\"base64\"}\n"))
    }

    @Test
    func showsEverythingAndTheBodyAsItIs() {
        var one = letter("job-17", place: 1, body: request("job-17"))
        one.reason = "two\nlines"
        let expected = """
            number      \(one.number)
            time        2025-11-25T04:32:10Z
            id          job-17
            queue       q
            reason      two lines
            deliveries  6
            attempts    2
            deadline    2286-11-20T17:46:39Z
            body        \(one.body.count) bytes

            \(String(decoding: one.body, as: UTF8.self))

            """
        for onTerminal in [false, true] {
            #expect(String(decoding: one.sheet(onTerminal: onTerminal), as: UTF8.self) == expected)
        }
        let raw = letter("", place: 1, body: [0xFF, 0xFE]).sheet(onTerminal: false)
        #expect(raw.suffix(4) == [0x0A, 0xFF, 0xFE, 0x0A])
        #expect(String(decoding: raw, as: UTF8.self).contains("body        2 bytes, not UTF-8\n"))
        #expect(!String(decoding: raw, as: UTF8.self).contains("deadline"))
    }

    @Test
    func showsATerminalTheCodesOfWhatWouldDriveIt() throws {
        let body = Array("{\n\t\"a\":\"\u{1B}]0;x\u{7}\u{9B}2J\u{202E}é\"}\r".utf8) + [0x9B]
        let one = letter("a\u{9B}b", place: 1, body: body)
        let sheet = String(decoding: one.sheet(onTerminal: true), as: UTF8.self)
        #expect(
            sheet.hasSuffix(
                "{\n\t\"a\":\"\\u{001B}]0;x\\u{0007}\\u{009B}2J\\u{202E}é\"}\\u{000D}\\x9B\n"))
        #expect(!sheet.unicodeScalars.contains { $0.isHidden && $0 != "\n" && $0 != "\t" })
        let long = letter("a", place: 1, body: [UInt8](repeating: 0x61, count: 1 << 20))
        #expect(long.sheet(onTerminal: true) == long.sheet(onTerminal: false), "nothing is left out")
    }

    @Test
    func writesJSONWithoutWhatWouldDriveATerminal() throws {
        var one = letter("a\u{9D}b", place: 1, body: Array("x\u{9B}2J\u{202E}\u{7F}".utf8))
        one.reason = "lost\u{85}"
        let json = one.json
        let text = String(decoding: json, as: UTF8.self)
        #expect(text.unicodeScalars.filter { $0.isHidden } == ["\n"], "its end")
        #expect(text.contains(#""body":"x\u009b2J\u202e\u007f""#))
        let document = try #require(JSONObject(json.dropLast()[...]))
        let body = try #require(document["body"])
        #expect(try JSONDecoder().decode(String.self, from: Data(body)) == "x\u{9B}2J\u{202E}\u{7F}")
    }

    @Test
    func saysOfAPartThatItIsOne() {
        let document = DeadLetterDocument(
            queue: "q", id: "a", reason: "r", time: 1, deliveries: 0, attempts: 0,
            body: [UInt8](repeating: 0x7B, count: 9000)[...]
        ).encoded(atMost: 4000)
        let letter = DeadLetter(element: document, place: 1, queue: "q")
        #expect(letter.body == [UInt8](repeating: 0x7B, count: 3000) && letter.size == 9000 && letter.id == "a")
        let reason = "it was too large to be kept: these are the first 3000 of 9000 bytes"
        #expect(RequeueVerdict(letter, needsDeadline: false, isForced: true, now: 0) == .keep(reason: reason))
        #expect(String(decoding: letter.json, as: UTF8.self).contains(#","body_bytes":9000}"#))
        #expect(
            String(decoding: letter.sheet(onTerminal: false), as: UTF8.self).contains("body        3000 bytes of 9000"))
    }

    @Test(arguments: [
        ("a\u{1B}[31mb", "a [31mb"), ("a\r\n\tb", "a b"), ("a\u{2028}\u{202E}b", "a b"), ("a\u{9B}b\u{61C}c", "a b c"),
        ("né 日本", "né 日本"),
    ])
    func keepsTerminalsSafe(text: String, shown: String) { #expect(text.onOneLine == shown) }

    @Test
    func alignsColumnsAndCutsTheReason() {
        var long = letter(String(repeating: "i", count: 50), place: 10)
        long.number.check = "aaaaaa"
        long.reason = "one two three"
        var short = letter("", place: 1)
        short.number = LetterNumber(place: 1)
        short.deliveries = 1234
        let ids = "id" + String(repeating: " ", count: 38)
        let expected = """
            number     time                  \(ids)  deliveries  attempts  reason
            10-aaaaaa  2025-11-25T04:32:10Z  \(String(repeating: "i", count: 39))…           6         2  one two three
            1          2025-11-25T04:32:10Z  -\(String(repeating: " ", count: 39))        1234         2  lost

            """
        #expect(DeadLetterTable([long, short]).text(columns: nil) == expected)
        let cut = DeadLetterTable([long, short]).text(columns: 106).split(separator: "\n")
        #expect(cut[1].hasSuffix("  one two …"))
        #expect(cut.allSatisfy { $0.count <= 106 })
    }
}
