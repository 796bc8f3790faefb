import Messages
import Testing

/// Runs of plain text are found eight bytes at a time: wherever a special byte stands, whatever stands before it.
struct PlainTextTests {
    /// What surrounds the special byte: beside plain letters those whose bits are nearest to special ones.
    private static let neighbours: [UInt8] = [0x61, 0x20, 0x21, 0x23, 0x5B, 0x5D, 0x7F]

    @Test(arguments: neighbours)
    func escapesSpecialBytesWhereverTheyStand(neighbour: UInt8) throws {
        let escapes: [UInt8: String] = [0x22: #"\""#, 0x5C: #"\\"#, 0x0A: #"\n"#, 0x00: #"\u0000"#, 0x1F: #"\u001f"#]
        for (special, escape) in escapes {
            for length in 1...20 {
                for place in 0..<length {
                    var text = [UInt8](repeating: neighbour, count: length)
                    text[place] = special
                    let before = String(decoding: text[..<place], as: UTF8.self)
                    let after = String(decoding: text[(place + 1)...], as: UTF8.self)
                    var json: [UInt8] = []
                    json.appendJSONString(String(decoding: text, as: UTF8.self))
                    #expect(json == Array("\"\(before)\(escape)\(after)\"".utf8))
                    try JSONScanner.check(json[...])
                }
            }
        }
    }

    @Test(arguments: neighbours)
    func refusesControlCharactersWhereverTheyStand(neighbour: UInt8) {
        for length in 1...20 {
            for place in 0..<length {
                var text = [UInt8](repeating: neighbour, count: length)
                text[place] = 0x1F
                let error = #expect(throws: JSONError.self) { try JSONScanner.check(([0x22] + text + [0x22])[...]) }
                #expect(error?.offset == place + 1)
            }
        }
    }

    @Test
    func leavesEveryOtherByteAsItIs() throws {
        let plain = (UInt8(0x20)...0xFF).filter { $0 != 0x22 && $0 != 0x5C }
        for start in 0..<9 {
            let text = plain.dropFirst(start)
            var json: [UInt8] = []
            text.withUnsafeBufferPointer { json.appendJSONString(of: $0) }
            #expect(json == [0x22] + text + [0x22])
            try JSONScanner.check(json[...])
        }
    }
}
