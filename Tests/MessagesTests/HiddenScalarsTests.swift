import Foundation
import Testing

@testable import Messages

struct HiddenScalarsTests {
    @Test(
        arguments: [
            "\u{0}", "\u{7}", "\t", "\n", "\r", "\u{1B}", "\u{7F}", "\u{80}", "\u{85}", "\u{9B}", "\u{9D}", "\u{AD}",
            "\u{61C}", "\u{200B}", "\u{200E}", "\u{2028}", "\u{2029}", "\u{202E}", "\u{2066}", "\u{FEFF}", "\u{E0001}",
        ] as [Unicode.Scalar])
    func areWhateverDrivesATerminal(scalar: Unicode.Scalar) { #expect(scalar.isHidden) }

    @Test(arguments: [" ", "a", "~", "\"", "\u{A0}", "é", "\u{301}", "日", "ش", "😀", "\u{FFFD}"] as [Unicode.Scalar])
    func areNotWhatPeopleRead(scalar: Unicode.Scalar) { #expect(!scalar.isHidden) }

    @Test(arguments: [
        ("", ""), ("né 日本 \"x\"", "né 日本 \"x\""), ("a\u{9B}2J\u{202E}b", "a\\u009b2J\\u202eb"),
        ("\u{1B}[1m\n", "\\u001b[1m\\u000a"), ("{\t}", "{\t}"), ("\u{E0041}", "\\udb40\\udc41"),
    ])
    func becomeEscapes(text: String, escaped: String) { #expect(text.escapingHidden == escaped) }

    @Test
    func areTheSameToAReaderOfJSON() throws {
        let texts = ["\u{9B}31m", "\u{202E}", "\u{7F}", "\u{E0041}", "\u{85}", "👩\u{200D}🚒", "plain"]
        var json: [UInt8] = []
        for text in texts {
            json.append(json.isEmpty ? UInt8(ascii: "[") : UInt8(ascii: ","))
            json.appendJSONString(text)
        }
        let escaped = (String(decoding: json, as: UTF8.self) + "]").escapingHidden
        #expect(!escaped.unicodeScalars.contains { $0.isHidden })
        #expect(try JSONDecoder().decode([String].self, from: Data(escaped.utf8)) == texts)
    }
}
