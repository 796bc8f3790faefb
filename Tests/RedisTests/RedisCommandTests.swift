import Redis
import Testing

struct RedisCommandTests {
    private let script = RedisScript(name: "script", source: "return 1")

    @Test
    func travelsAsLengthsAndBytes() {
        let call = script.call(keys: ["a key"]).with(
            "", "ü", [13, 10] as [UInt8], [1, 2, 3][1...] as ArraySlice<UInt8>)
        let expected =
            Array(
                "*8\r\n$7\r\nEVALSHA\r\n$40\r\n\(script.digest)\r\n$1\r\n1\r\n$5\r\na key\r\n$0\r\n\r\n$2\r\nü\r\n".utf8
            )
            + Array("$2\r\n\r\n\r\n$2\r\n".utf8) + [2, 3, 13, 10]
        #expect(call.encoded == expected)
    }

    @Test
    func travelsTheSameWhetherItsArgumentsAreCopiedOrNot() {
        let large = [UInt8](repeating: 7, count: 300_000)
        let expected = Array("$3\r\nabc\r\n$300000\r\n".utf8) + large + Array("\r\n$1\r\nd\r\n".utf8)
        for call in [
            script.call(keys: []).with("abc", large, "d"), script.call(keys: []).with("abc", large[...], "d"),
        ] {
            #expect(call.encoded.suffix(expected.count) == expected[...])
            #expect(call.encoded.prefix(4) == Array("*6\r\n".utf8)[...])
        }
    }

    @Test(arguments: [0, 1, 9, 10, -1, -9, -10, 1234, -1234, Int64.max, .min])
    func writesNumbersInDecimal(number: Int64) {
        let text = String(number)
        let line = Array("$\(text.utf8.count)\r\n\(text)\r\n".utf8)
        #expect(script.call(keys: []).with(number).encoded.suffix(line.count) == line[...])
        #expect(script.call(keys: []).with(Int(number)).encoded.suffix(line.count) == line[...])
    }
}
