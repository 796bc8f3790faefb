import Messages
import Testing

struct JSONScannerTests {
    @Test(arguments: [
        "{}", "[]", "null", "true", "false", "0", "-0", "12", "-1.5", "1e9", "1E-7", "0.25e+3", #""""#, #""a""#,
        " \t\r\n{ \"a\" : [ 1 , { } , \"\" ] } \n", #"["\"\\\/\b\f\n\r\tA\u00e9"]"#, #"{"a":1,"a":2}"#,
        #""\ud800""#, #""\udc00\ud800""#, #""\uD83D\uDE00""#, "\"äöü 漢字 😀\"", "[[[[[]]]]]",
        "123456789012345678901234567890",
        "\"\u{7F}\"",
    ])
    func acceptsJSON(text: String) {
        #expect(throws: Never.self) { try JSONScanner.check(bytes(text)) }
    }

    @Test(arguments: [
        "", " ", "{", "}", "[", "]", "{]", "[}", "{}}", "{} {}", "[1,]", "[,1]", "{,}", #"{"a":1,}"#, #"{"a"}"#,
        #"{"a":}"#,
        "{a:1}", "{'a':1}", "{1:2}", #"{"a" 1}"#, "[1 2]", "nul", "nulll", "True", "NaN", "Infinity", "tru", "01", "-",
        "+1", "1.", ".5", "1e", "1e+", "0x10", "1_000", "--1", "1.e3", #"""#, #""a"#, #""\""#, #""\x""#, #""\u12""#,
        #""\u12g4""#, "\"\n\"", "\"\u{0}\"", "\"\u{1F}\"", "// c\n1", "/**/1", "1;", "\u{FEFF}1", "1\u{A0}", "[1]x",
    ])
    func refusesWhatIsNotJSON(text: String) {
        #expect(throws: JSONError.self) { try JSONScanner.check(bytes(text)) }
    }

    @Test
    func takesAnyBytesInStringsButNotOutside() {
        #expect(throws: Never.self) { try JSONScanner.check([0x22, 0xFF, 0xC0, 0x80, 0x22]) }
        #expect(throws: JSONError.self) { try JSONScanner.check([0xFF]) }
    }

    @Test(arguments: [("[", "]"), (#"{"a":"#, "}")])
    func limitsDepth(open: String, close: String) {
        func nested(_ depth: Int) -> Bytes {
            bytes(String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth))
        }
        #expect(throws: Never.self) { try JSONScanner.check(nested(512)) }
        #expect(throws: JSONError.self) { try JSONScanner.check(nested(513)) }
        #expect(throws: JSONError.self) { try JSONScanner.check(bytes(String(repeating: open, count: 1_000_000))) }
    }

    @Test(arguments: [
        (#"{"a":}"#, "'}' where a value should stand at byte 5"),
        (#"{"a":1"#, "the text ends where ',' or '}' should stand at byte 6"),
        ("[1 2]", "'2' where ',' or ']' should stand at byte 3"),
        ("\"a\nb\"", "control character in a string at byte 2"),
        ("{}\u{1}", "byte 1 where end of the text should stand at byte 2"),
        ("\"a", "the text ends inside a string at byte 2"),
    ])
    func saysWhatIsWrongAndWhere(text: String, description: String) {
        #expect {
            try JSONScanner.check(bytes(text))
        } throws: {
            "\($0)" == description
        }
    }

    @Test
    func countsOffsetsFromTheStartOfASlice() {
        let buffer = bytes("xxxx[1,]")
        #expect {
            try JSONScanner.check(buffer[4...])
        } throws: {
            ($0 as? JSONError)?.offset == 3
        }
    }

    @Test(arguments: [
        (#""plain""#, "plain"), (#""a\"b\\c\/d""#, "a\"b\\c/d"), (#""\b\f\n\r\t""#, "\u{8}\u{C}\n\r\t"),
        (#""\u0041\u00e9\u6F22""#, "Aé漢"), (#""\uD83D\uDE00!""#, "😀!"), (#""\ud83d""#, "\u{FFFD}"),
        (#""\ude00x""#, "\u{FFFD}x"), (#""\ud83dA""#, "\u{FFFD}A"), (#""\ud83d\ud83d\ude00""#, "\u{FFFD}😀"),
        (#""\uDBFF\uDFFF""#, "\u{10FFFF}"), (#""\u0000""#, "\u{0}"),
        (#""\ud83dx\ude00""#, "\u{FFFD}x\u{FFFD}"),
    ])
    func resolvesEscapes(text: String, expected: String) throws {
        var scanner = JSONScanner(bytes(text))
        let token = try scanner.readString()
        try scanner.finish()
        #expect(scanner.text(of: token) == expected)
    }

    @Test
    func replacesWhatIsNotUTF8() throws {
        var scanner = JSONScanner([0x22, 0x61, 0xFF, 0x62, 0x22])
        let token = try scanner.readString()
        #expect(scanner.text(of: token) == "a\u{FFFD}b")
    }
}
