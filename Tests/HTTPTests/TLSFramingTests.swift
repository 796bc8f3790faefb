import Loop
import Messages
import Testing

@testable import HTTP

/// What an odd answer leaves in the TLS layer, where no descriptor shows it.
@Suite(.enabled(if: TLSScript.isAvailable, "python3, nginx or openssl is missing"), .timeLimit(.minutes(1)))
struct TLSFramingTests {
    private static let evil = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"

    @Test(arguments: [
        // The body ends in a second record, and libcurl reads no more of that than it needs.
        answer(200, String(repeating: "x", count: 20_000)) + evil, answer(200, "{}") + evil, answer(200, "") + evil,
        answer(200, "") + evil.prefix(17), "HTTP/1.1 204 N\r\n\r\n" + evil,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n" + evil,
    ])
    func surplusIsNobodysAnswer(odd: String) async throws {
        let server = try await TLSScript.start(odd: odd)
        let client = try await HTTPClient(trusting: server)
        for round in 0..<5 {
            #expect([200, 204].contains(try await client.response(to: HTTPRequest(server.url, "odd")).statusCode))
            try await client.expectOwnAnswers("\(round)", server)
        }
    }

    /// libcurl believes every status line, and would let exchanges share the connections of such a server.
    @Test
    func aServerThatSaysHTTP2WhereItSpeaksHTTP1GetsOneExchangeAtATime() async throws {
        let server = try await TLSScript.start(odd: "HTTP/2 200 \r\ncontent-length: 2\r\n\r\n{}")
        let client = try await HTTPClient(trusting: server)
        for round in 0..<5 {
            let odd = Task { await client.error(of: HTTPRequest(server.url, "odd")) }
            try await client.expectOwnAnswers("\(round)", server)
            #expect(await odd.value?.kind == .connectionLost)
            try await client.expectOwnAnswers("\(round) after", server)
        }
    }
}

extension HTTPClient {
    fileprivate convenience init(trusting server: TLSScript) throws {
        try self.init(HTTPClientOptions(tls: TLSOptions(caCertificateFile: server.certificate)))
    }

    /// One after another, then several at once.
    fileprivate func expectOwnAnswers(_ name: String, _ server: TLSScript) async throws {
        for number in 0..<2 {
            let response = try await response(to: HTTPRequest(server.url, "\(name) \(number)"))
            #expect(String(decoding: response.body, as: UTF8.self) == "\(name) \(number)")
        }
        let results = await results(of: (0..<6).map { HTTPRequest(server.url, "\(name) \($0) of six") })
        for (number, result) in results.enumerated() {
            #expect(String(decoding: try result.get().body, as: UTF8.self) == "\(name) \(number) of six")
        }
    }
}
