import Loop
import Messages
import Testing

@testable import HTTP

/// Each request gets its own answer from a server that many stand behind, in plain text and over TLS.
@Suite(.enabled(if: HAProxy.isInstalled, "haproxy is not installed"), .timeLimit(.minutes(1)))
struct HAProxyTests {
    @Test(arguments: [("h2", "HTTP/2.0"), ("http/1.1", "HTTP/1.1"), ("h2,http/1.1", "HTTP/2.0")])
    func speaksWhatWasNegotiated(offered: String, version: String) async throws {
        let proxy = try await HAProxy.start(bind: "ssl crt both.pem alpn \(offered)")
        let client = try await HTTPClient(HTTPClientOptions(tls: TLSOptions(caCertificateFile: proxy.certificate)))
        for _ in 0..<5 { try await client.getNumbers(100, "https://127.0.0.1:\(proxy.port)/", version) }
    }

    @Test
    func speaksHTTP1InPlainText() async throws {
        let proxy = try await HAProxy.start()
        let client = try await HTTPClient()
        for _ in 0..<5 { try await client.getNumbers(50, "http://127.0.0.1:\(proxy.port)/", "HTTP/1.1") }
    }

    /// HAProxy ends connections that are idle, and answers 408 on those that have never asked.
    @Test(arguments: ["", "ssl crt both.pem alpn http/1.1"])
    func goesOnWhenItsIdleConnectionsAreEnded(bind: String) async throws {
        let proxy = try await HAProxy.start(
            bind: bind, settings: "timeout client 20s\n  timeout http-keep-alive 50ms")
        let client = try await HTTPClient(HTTPClientOptions(tls: TLSOptions(caCertificateFile: proxy.certificate)))
        for _ in 0..<6 {
            try await client.getNumbers(4, "\(bind.isEmpty ? "http" : "https")://127.0.0.1:\(proxy.port)/", "HTTP/1.1")
            #expect(await eventually { openSocketsHaveEnded(to: proxy.port) })
        }
    }

    @Test
    func keepsAConnectionOverAnswersWithoutABody() async throws {
        let proxy = try await HAProxy.start()
        let client = try await HTTPClient()
        let before = try await client.response(to: HTTPRequest("http://127.0.0.1:\(proxy.port)/nothing"))
        let descriptors = sockets(to: proxy.port)
        for _ in 0..<20 {
            let next = try await client.response(to: HTTPRequest("http://127.0.0.1:\(proxy.port)/nothing"))
            #expect(next.statusCode == 204 && before.statusCode == 204)
        }
        #expect(sockets(to: proxy.port) == descriptors && descriptors.count == 1)
    }
}

extension HTTPClient {
    /// Asks for numbers, all at once, and expects each of them in the answer to its own request.
    fileprivate func getNumbers(_ count: Int, _ url: String, _ version: String) async throws {
        let requests = (0..<count).map {
            HTTPRequest(url: url, headers: [HeaderField("x-number", "\($0)")], body: [1], timeout: .seconds(10))
        }
        for (number, result) in await results(of: requests).enumerated() {
            #expect(String(decoding: try result.get().body, as: UTF8.self) == "\(number) \(version)")
        }
    }
}
