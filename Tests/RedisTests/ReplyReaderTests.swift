import Redis
import Testing

struct ReplyReaderTests {
    /// One reply of each kind, and what they are.
    private static let text =
        "+OK\r\n-ERR bad\r\n:-12\r\n$5\r\na\r\nbc\r\n$0\r\n\r\n$-1\r\n*-1\r\n*0\r\n"
        + "*3\r\n*2\r\n:1\r\n$2\r\nhi\r\n*1\r\n*1\r\n+deep\r\n:9223372036854775807\r\n+last\r\n"
    private static let replies: [RedisReply] = [
        .status("OK"), .error("ERR bad"), .integer(-12), .string(Array("a\r\nbc".utf8)), .string([]), .null, .null,
        .array([]),
        .array([
            .array([.integer(1), .string(Array("hi".utf8))]), .array([.array([.status("deep")])]), .integer(.max),
        ]), .status("last"),
    ]

    /// What can be read of `pieces`, each read as soon as it is there.
    private func read(_ pieces: [some Sequence<UInt8>]) throws -> [RedisReply] {
        var reader = ReplyReader()
        var replies: [RedisReply] = []
        for piece in pieces {
            reader.append(piece)
            while let reply = try reader.next() { replies.append(reply) }
        }
        return replies
    }

    @Test
    func readsRepliesThatArriveAtOnce() throws {
        #expect(try read([Array(Self.text.utf8)]) == Self.replies)
    }

    @Test
    func readsRepliesByteByByte() throws {
        #expect(try read(Self.text.utf8.map { [$0] }) == Self.replies)
    }

    @Test
    func readsRepliesThatAreCutAnywhere() throws {
        let bytes = Array(Self.text.utf8)
        for cut in bytes.indices {
            #expect(try read([bytes[..<cut], bytes[cut...]]) == Self.replies, "cut at \(cut)")
        }
    }

    @Test(arguments: [1, 1000, 65_535, 65_536, 1_000_000])
    func readsStringsLargerThanItsBuffer(piece: Int) throws {
        let long = [UInt8](repeating: 0x61, count: 3 << 20)
        let count = piece == 1 ? 70_000 : long.count
        let bytes = Array("*2\r\n$\(count)\r\n".utf8) + long[..<count] + Array("\r\n:7\r\n+OK\r\n".utf8)
        let pieces = stride(from: 0, to: bytes.count, by: piece).map { bytes[$0...].prefix(piece) }
        #expect(try read(pieces) == [.array([.string(Array(long[..<count])), .integer(7)]), .status("OK")])
    }

    @Test
    func readsOnForAsLongAsRepliesCome() throws {
        var reader = ReplyReader()
        for number in 0..<20_000 {
            reader.append(Array("*2\r\n:\(number)\r\n$\(number % 300)\r\n".utf8))
            reader.append(repeatElement(0x62, count: number % 300))
            #expect(try reader.next() == nil)
            reader.append(Array("\r\n".utf8))
            let text = [UInt8](repeating: 0x62, count: number % 300)
            #expect(try reader.next() == .array([.integer(Int64(number)), .string(text)]))
        }
    }

    @Test(arguments: [
        "x\r\n", "\r\n\r\n", ":1x\r\n", ":\r\n", ":-\r\n", ":9223372036854775808\r\n", "$x\r\n", "$536870913\r\n",
        "*1\r\nx\r\n", "*536870913\r\n", "+" + String(repeating: "a", count: 70_000),
        String(repeating: "*1\r\n", count: 65),
    ])
    func refusesWhatIsNoReply(text: String) {
        #expect(throws: ReplyReader.Malformed.self) { try read([Array(text.utf8)]) }
    }
}
