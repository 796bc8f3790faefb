import Glibc
import Testing

@testable import Apctl

@Suite(.timeLimit(.minutes(1)))
struct PageServerTests {
    private let desk = UIDesk(
        rules: AccessRules(allowsChanges: true, token: "t"), live: LiveScene(), letters: LetterDesk(places: []),
        stages: [], timeout: .seconds(1))

    private func withServer(_ body: (UInt16) throws -> Void) throws {
        let server = try PageServer(host: "127.0.0.1", port: 0, desk: desk)
        server.start()
        defer { server.stop() }
        try body(server.port)
    }

    /// Those who came first have to go; without that, a crowd would take all descriptors of the process.
    @Test
    func answersBesideManyWhoAskNothing() throws {
        try withServer { port in
            let silent = try (0..<100).map { _ in try Client(port: port) }
            for _ in 0..<3 {
                let client = try Client(port: port)
                client.send("GET / HTTP/1.1\r\nHost: localhost:\(port)\r\n\r\n")
                #expect(client.readToEnd()?.hasPrefix("HTTP/1.1 200 OK\r\n") == true)
            }
            #expect(silent[0].readToEnd() == "")
        }
    }

    @Test
    func sendsThePageWithItsPolicy() throws {
        try withServer { port in
            let client = try Client(port: port)
            client.send("GET /?a=b HTTP/1.1\r\nHost: [::1]:\(port)\r\n\r\n")
            let answer = try #require(client.readToEnd())
            let end = try #require(answer.firstRange(of: "\r\n\r\n"))
            let head = answer[..<end.lowerBound].split(separator: "\r\n")
            #expect(head.contains("Content-Type: text/html; charset=utf-8"))
            #expect(head.contains { $0.hasPrefix("Content-Security-Policy: default-src 'none'; ") })
            #expect(head.contains("Connection: close"))
            #expect(head.contains("Content-Length: \(answer[end.upperBound...].utf8.count)"))
        }
    }

    @Test
    func takesABodyAndNotMore() throws {
        try withServer { port in
            let head = """
                POST /api/dead-letters/requeue HTTP/1.1\r
                Host: localhost:\(port)\r
                Origin: http://localhost:\(port)\r
                Content-Type: application/json\r
                X-Token: t\r

                """
            let body = #"{"queue":"x","number":"1"}"#
            let small = try Client(port: port)
            small.send("\(head)Content-Length: \(body.utf8.count)\r\n\r\n\(body.prefix(9))")
            small.send(String(body.dropFirst(9)))
            let answer = try #require(small.readToEnd())
            #expect(answer.hasPrefix("HTTP/1.1 404 Not Found\r\n") && answer.contains("no queue of that name"))
            let large = try Client(port: port)
            large.send("\(head)Content-Length: 20000\r\n\r\n{")
            #expect(large.readToEnd()?.hasPrefix("HTTP/1.1 400 Bad Request\r\n") == true)
        }
    }

    @Test
    func saysWhyItCannotListen() throws {
        try withServer { port in
            let error = #expect(throws: PageServerError.self) {
                try PageServer(host: "127.0.0.1", port: port, desk: desk)
            }
            #expect(
                error?.description
                    == "listen on 127.0.0.1:\(port): Address already in use; --host and --port say where it listens")
        }
    }

}

/// A client that says only what it is told to; it waits for 20 s at most.
private final class Client {
    private let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)

    init(port: UInt16) throws {
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let code = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(code == 0, "\(String(cString: strerror(errno)))")
    }

    deinit { close(descriptor) }

    func send(_ text: String) {
        let bytes = Array(text.utf8)
        #expect(Glibc.send(descriptor, bytes, bytes.count, CInt(MSG_NOSIGNAL)) == bytes.count)
    }

    /// `nil`: the server does not close.
    func readToEnd() -> String? {
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count < 0, errno == EAGAIN { return nil }
            if count <= 0 { return String(decoding: all, as: UTF8.self) }
            all += buffer[..<count]
        }
    }
}
