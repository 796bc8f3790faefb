import Foundation

/// What a gateway answers; every request of the queue meets the same connection pool as others of it.
extension Oddity {
    static let answers: [Oddity] = [
        answer("nothing at all", "", .noSuccess), answer("no HTTP", "hello\r\n\r\n", .noSuccess),
        answer("bytes that are no text", [0, 255, 1, 254], .noSuccess),
        answer("a name of HTTP/2 in plain text", "HTTP/2 200\r\nContent-Length: 2\r\n\r\nok", .noSuccess),
        answer("a version of HTTP/9.9", "HTTP/9.9 200 OK\r\nContent-Length: 2\r\n\r\nok", .noSuccess),
        answer("a status of 0", "HTTP/1.1 000 X\r\nContent-Length: 2\r\n\r\nok", .noSuccess),
        answer("a status of 99999", "HTTP/1.1 99999 X\r\nContent-Length: 2\r\n\r\nok", .noSuccess),
        answer("a status below zero", "HTTP/1.1 -200 X\r\nContent-Length: 2\r\n\r\nok", .noSuccess),
        answer("a head that never ends", "HTTP/1.1 200 OK\r\nX: ", .noSuccess),
        answer("a head of 1 MB", "HTTP/1.1 200 OK\r\nX: \(String(repeating: "y", count: 1 << 20))\r\n\r\n", .noSuccess),
        answer(
            "10,000 header lines",
            "HTTP/1.1 200 OK\r\n\(String(repeating: "X: yyyyyyyyyyyyyyy\r\n", count: 20_000))\r\n", .noSuccess),
        answer("interim answers and no more", String(repeating: "HTTP/1.1 103 Early\r\n\r\n", count: 100), .noSuccess),
        answer(
            "101 Switching Protocols", "HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", .noSuccess
        ),
        answer("less than was announced", "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nok", .noSuccess),
        answer("a length of -1", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nok", .noSuccess),
        answer("a length of 2^63", "HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775808\r\n\r\nok", .noSuccess),
        answer("a chunk that is cut", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nok", .noSuccess),
        answer(
            "a chunk of no number", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nok\r\n0\r\n\r\n",
            .noSuccess),
        answer(
            "a chunk of 2^64", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000000\r\nok",
            .noSuccess),
        answer(
            "an encoding nobody knows", "HTTP/1.1 200 OK\r\nContent-Encoding: zpaq\r\nContent-Length: 2\r\n\r\nok",
            .result("INFERENCE_ERROR")),
        answer(
            "gzip that is none", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nok", .noSuccess),
        answer(
            "gzip that is cut",
            Array("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 20\r\n\r\n".utf8) + cutGzip, .noSuccess),
        answer("a redirect in a circle", "HTTP/1.1 307 X\r\nLocation: @\r\nContent-Length: 0\r\n\r\n", .noSuccess),
        answer(
            "a redirect to a file", "HTTP/1.1 307 X\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n",
            .noSuccess),
        answer(
            "Retry-After of a thousand years",
            "HTTP/1.1 429 X\r\nRetry-After: 31536000000\r\nContent-Length: 0\r\n\r\n", .noSuccess),
        answer(
            "Retry-After of 10^30",
            "HTTP/1.1 503 X\r\nRetry-After: 1\(String(repeating: "0", count: 30))\r\nContent-Length: 0\r\n\r\n",
            .noSuccess),
        answer(
            "Retry-After in the year 9999",
            "HTTP/1.1 503 X\r\nRetry-After: Fri, 31 Dec 9999 23:59:59 GMT\r\nContent-Length: 0\r\n\r\n", .noSuccess),
        answer("Retry-After of -1", "HTTP/1.1 503 X\r\nRetry-After: -1\r\nContent-Length: 0\r\n\r\n", .noSuccess),
        answer(
            "a body of control bytes",
            Array("HTTP/1.1 200 OK\r\nContent-Length: 262144\r\n\r\n".utf8) + [UInt8](repeating: 1, count: 256 << 10),
            .result("200")),
        answer(
            "a body that is no text", Array("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n".utf8) + [0xFF, 0xFE, 0, 1],
            .result("200")),
        answer(
            "an answer and another one behind it",
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong",
            closes: false, .result("200")),
    ]

    /// The first bytes of gzip's form of a text.
    private static let cutGzip: [UInt8] = [
        0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 0x4B, 0x4C, 0x4A, 0x4E, 0x49, 0x4D, 0x4B, 0xCF, 0xC8, 0xCC,
    ]

    private static func answer(_ name: String, _ text: String, closes: Bool = true, _ fate: Fate) -> Oddity {
        answer(name, Array(text.utf8), closes: closes, fate)
    }

    /// A gateway that answers so; `@` stands for the path of the request.
    private static func answer(_ name: String, _ bytes: [UInt8], closes: Bool = true, _ fate: Fate) -> Oddity {
        Oddity(.answer, name) { bench in
            let number = bench.number()
            let path = "/\(number)"
            bench.hostile.set(
                path, .init(bytes: bytes.replacing([UInt8(ascii: "@")], with: Array(path.utf8)), closes: closes))
            let deadline = Int(Date.now.timeIntervalSince1970) + 2
            let message = #"{"id":"odd-\#(number)","deadline":\#(deadline),"payload":{},"endpoint":"\#(path)"}"#
            try bench.submit(Array(message.utf8), to: OddQueue.hostileRequests)
            try await bench.expect(fate, of: "odd-\(number)", in: OddQueue.hostileRequests)
        }
    }
}
