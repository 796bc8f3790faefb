import Testing

@testable import TestServers

struct HTTPAnswerTests {
    /// Reads a text in pieces of so many bytes; the first answer, or `nil` when it has no end.
    private func read(_ text: String, by step: Int) throws -> HTTPAnswer? {
        var reader = HTTPAnswerReader()
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: step) {
            if let answer = try reader.read(bytes[start..<min(bytes.count, start + step)]) { return answer }
        }
        return nil
    }

    @Test(arguments: [1, 7, 1000])
    func readsABodyWithALength(step: Int) throws {
        let answer = try read("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", by: step)
        #expect(answer == HTTPAnswer(status: 200, body: Array("hello".utf8), isLast: false))
    }

    @Test(arguments: [1, 7, 1000])
    func readsABodyInChunks(step: Int) throws {
        let head = "HTTP/1.1 404 Not Found\r\ntransfer-encoding: chunked\r\nConnection: close\r\n\r\n"
        let answer = try read(head + "5\r\nhello\r\n7;x=y\r\n, world\r\n0\r\n\r\n", by: step)
        #expect(answer == HTTPAnswer(status: 404, body: Array("hello, world".utf8), isLast: true))
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", "HTTP/1.1 200 OK\r\nContent-Le",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n",
    ])
    func waitsForTheEnd(text: String) throws {
        #expect(try read(text, by: 1000) == nil)
    }

    @Test(arguments: [
        "SMTP ready\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nfive\r\nhello\r\n",
    ])
    func refusesWhatItDoesNotUnderstand(text: String) {
        #expect(throws: ServerFailure.self) { try read(text, by: 1000) }
    }
}
