import TestServers
import Testing

@testable import Apctl

@Suite(.timeLimit(.minutes(1)))
struct PageServerTests {
    private let desk = UIDesk(
        rules: AccessRules(allowsChanges: true, token: "t"), live: LiveScene(), letters: LetterDesk(places: []),
        stages: [], timeout: .seconds(1))

    private func withServer(_ body: (UInt16) async throws -> Void) async throws {
        let server = try PageServer(host: "127.0.0.1", port: 0, desk: desk)
        server.start()
        defer { server.stop() }
        try await body(server.port)
    }

    /// Those who came first have to go; without that, a crowd would take all descriptors of the process.
    @Test
    func answersBesideManyWhoAskNothing() async throws {
        try await withServer { port in
            let silent = try (0..<100).map { _ in try RawConnection(port: port) }
            for _ in 0..<3 {
                let client = try RawConnection(port: port)
                client.send("GET / HTTP/1.1\r\nHost: localhost:\(port)\r\n\r\n")
                #expect(await client.readToEnd()?.hasPrefix("HTTP/1.1 200 OK\r\n") == true)
            }
            #expect(await silent[0].readToEnd() == "")
        }
    }

    @Test
    func sendsThePageWithItsPolicy() async throws {
        try await withServer { port in
            let client = try RawConnection(port: port)
            client.send("GET /?a=b HTTP/1.1\r\nHost: [::1]:\(port)\r\n\r\n")
            let answer = try #require(await client.readToEnd())
            let end = try #require(answer.firstRange(of: "\r\n\r\n"))
            let head = answer[..<end.lowerBound].split(separator: "\r\n")
            #expect(head.contains("Content-Type: text/html; charset=utf-8"))
            #expect(head.contains { $0.hasPrefix("Content-Security-Policy: default-src 'none'; ") })
            #expect(head.contains("Connection: close"))
            #expect(head.contains("Content-Length: \(answer[end.upperBound...].utf8.count)"))
        }
    }

    @Test
    func takesABodyAndNotMore() async throws {
        try await withServer { port in
            let head = """
                POST /api/dead-letters/requeue HTTP/1.1\r
                Host: localhost:\(port)\r
                Origin: http://localhost:\(port)\r
                Content-Type: application/json\r
                X-Token: t\r

                """
            let body = #"{"queue":"x","number":"1"}"#
            let small = try RawConnection(port: port)
            small.send("\(head)Content-Length: \(body.utf8.count)\r\n\r\n\(body.prefix(9))")
            small.send(String(body.dropFirst(9)))
            let answer = try #require(await small.readToEnd())
            #expect(answer.hasPrefix("HTTP/1.1 404 Not Found\r\n") && answer.contains("no queue of that name"))
            let large = try RawConnection(port: port)
            large.send("\(head)Content-Length: 20000\r\n\r\n{")
            #expect(await large.readToEnd()?.hasPrefix("HTTP/1.1 400 Bad Request\r\n") == true)
        }
    }

    @Test
    func saysWhyItCannotListen() async throws {
        try await withServer { port in
            let error = #expect(throws: PageServerError.self) {
                try PageServer(host: "127.0.0.1", port: port, desk: desk)
            }
            #expect(
                error?.description
                    == "listen on 127.0.0.1:\(port): Address already in use; --host and --port say where it listens")
        }
    }
}
