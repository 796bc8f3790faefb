import Testing

@testable import Apctl

struct ShownBytesTests {
    @Test
    func whatCannotBeSeenIsWrittenAsItsCode() {
        let texts = [
            ("{\"a\": \"é 👩‍🚒\"}\n\tb", "{\"a\": \"é 👩\\u{200D}🚒\"}\n\tb"), ("", ""),
            ("a\u{0}\u{1B}[31m\r", "a\\u{0000}\\u{001B}[31m\\u{000D}"),
            ("x\u{202E}y\u{2028}z", "x\\u{202E}y\\u{2028}z"),
            ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ]
        for (text, shown) in texts {
            let bytes = ShownBytes(Array(text.utf8))
            #expect(bytes.text == shown)
            #expect(bytes.isText && !bytes.isCut)
        }
    }

    @Test(arguments: [
        ([0x61, 0xFF, 0xFE, 0x62], "a\\xFF\\xFEb"), ([0xE2, 0x82], "\\xE2\\x82"), ([0xC0, 0x80, 0x7A], "\\xC0\\x80z"),
        ([0xF0, 0x9F, 0x98, 0x41], "\\xF0\\x9F\\x98A"), ([0xED, 0xA0, 0x80], "\\xED\\xA0\\x80"), ([0x80], "\\x80"),
    ])
    func whatIsNoTextIsShownAsBytes(bytes: [UInt8], shown: String) {
        let found = ShownBytes(bytes)
        #expect(found.text == shown)
        #expect(!found.isText)
    }

    @Test
    func itsBeginningIsShownWhereItIsLong() {
        let long = ShownBytes(Array("aaaé".utf8) + Array("b".utf8), most: 4)
        #expect(long.text == "aaa\\xC3")
        #expect(long.isCut && long.isText)
        #expect(ShownBytes([UInt8](repeating: 0x61, count: 1 << 20)).text.utf8.count == 64 << 10)
    }
}
