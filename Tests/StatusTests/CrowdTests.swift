import Foundation
import PipelineMetrics
import Status
import TestServers
import Testing

/// What strangers on the port can do, which is nothing.
@Suite(.timeLimit(.minutes(1)))
struct CrowdTests {
    @Test
    func answersBesideHundredsWhoAskNothing() async throws {
        try await withServer(FixedProvider()) { server in
            let start = ContinuousClock.now
            var silent: [RawConnection] = []
            for _ in 0..<300 { silent.append(try RawConnection(port: server.port)) }
            for _ in 0..<20 {
                let answer = try await server.get("/healthz")
                #expect(answer.code == 200)
            }
            // Those who came first had to go; nobody waits for the time that a request may take.
            let first = await silent[0].readToEnd()
            #expect(first == "")
            let later = await silent[100].readToEnd()
            #expect(later == "")
            // It would have five seconds.
            #expect(ContinuousClock.now - start < .milliseconds(4500))
        }
    }

    @Test
    func refusesARequestWithoutEnd() async throws {
        try await withServer(FixedProvider()) { server in
            let endless = try RawConnection(port: server.port)
            endless.send("GET /healthz HTTP/1.1\r\nX: ")
            while endless.send(String(repeating: "a", count: 1000)) {}
            let other = try await server.get("/healthz")
            #expect(other.code == 200)
        }
    }

    @Test(arguments: [
        "\u{16}\u{3}\u{1}\u{2}\u{0}\n\n", "GET /status\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "GET  /healthz HTTP/1.1\r\n\r\n",
    ])
    func refusesWhatIsNotHTTP(request: String) async throws {
        try await withServer(FixedProvider()) { server in
            let client = try RawConnection(port: server.port)
            client.send(request)
            let answer = await client.readToEnd()
            #expect(answer?.hasPrefix("HTTP/1.1 400 Bad Request\r\n") == true)
        }
    }

    /// What it has not read would make the system throw the answer away.
    @Test
    func answersOnceHoweverMuchFollows() async throws {
        try await withServer(FixedProvider()) { server in
            let client = try RawConnection(port: server.port)
            client.send(String(repeating: "GET /healthz?a=b HTTP/1.1\r\n\r\n", count: 200))
            let answer = await client.readToEnd() ?? ""
            #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(answer.hasSuffix("\r\nConnection: close\r\n\r\n{\"status\":\"ok\"}\n"))
        }
    }

    @Test
    func aClientThatReadsNothingHoldsUpNobody() async throws {
        let registry = MetricsRegistry()
        for number in 0..<20_000 {
            registry.counter("a_\(number)_total", help: String(repeating: "x", count: 500)).increment(by: 1)
        }
        try await withServer(FixedProvider(), registry: registry) { server in
            let slow = try RawConnection(port: server.port)
            slow.send("GET /metrics HTTP/1.1\r\n\r\n")
            let answer = try await server.get("/healthz")
            #expect(answer.code == 200)
            let metrics = await slow.readToEnd()
            #expect(metrics?.contains("a_19999_total 1\n") == true)
        }
    }
}
