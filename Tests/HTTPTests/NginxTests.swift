import Foundation
import Loop
import Messages
import Testing

@testable import HTTP

/// TLS, HTTP/2 and compression against a real server.
@Suite(
    .enabled(if: Nginx.isInstalled, "nginx is not installed: no tests of TLS, HTTP/2 and gzip"), .timeLimit(.minutes(1))
)
struct NginxTests {
    @Test
    func speaksHTTP2OverTLSOnOneConnection() async throws {
        let nginx = try await Nginx.start(listen: "ssl http2")
        let client = try await HTTPClient(trusting: nginx)
        let request = HTTPRequest(.get, url: nginx.url("/which"), timeout: .seconds(10))
        let results = await client.results(of: Array(repeating: request, count: 64))
        let answers = Set(try results.map { String(decoding: try $0.get().body, as: UTF8.self) })
        #expect(answers.count == 1)
        #expect(answers.first?.hasPrefix("HTTP/2.0 ") == true)
    }

    @Test
    func postsLargeBodiesOverHTTP2AlsoWhenNobodyReadsThem() async throws {
        let nginx = try await Nginx.start(listen: "ssl http2")
        let client = try await HTTPClient(trusting: nginx)
        for (path, size) in [("/proxied", 0), ("/proxied", 40_000), ("/proxied", 3 << 20), ("/length", 3 << 20)] {
            let body = [UInt8](repeating: 65, count: size)
            let request = HTTPRequest(url: nginx.url(path), body: body[...], timeout: .seconds(10))
            let response = try await client.response(to: request)
            #expect(String(decoding: response.body, as: UTF8.self) == "\(size)", "\(path)")
        }
    }

    @Test
    func survivesAServerThatEndsItsHTTP2ConnectionsOften() async throws {
        let nginx = try await Nginx.start(listen: "ssl http2", settings: "keepalive_requests 100;")
        let client = try await HTTPClient(trusting: nginx)
        var lost = 0
        for _ in 0..<50 {
            for result in await client.results(of: (0..<16).map { _ in HTTPRequest(nginx.url("/which")) }) {
                guard case .failure(let error) = result else { continue }
                #expect(error.kind == .connectionLost)
                lost += 1
            }
        }
        // libcurl 7.88 loses some of what it had sent when the server said that it takes no more.
        #expect(lost < 80)
    }

    @Test
    func exchangesOverTLSWithoutHTTP2DoNotWaitForEachOther() async throws {
        let nginx = try await Nginx.start(listen: "ssl")
        let client = try await HTTPClient(trusting: nginx)
        for _ in 0..<2 {
            let start = ContinuousClock.now
            // Each takes about a second: 2,000 bytes, of which the first thousand come at once.
            let results = await client.results(of: (0..<16).map { _ in HTTPRequest(nginx.url("/slow")) })
            #expect(try results.allSatisfy { try $0.get().body.count == 2000 })
            #expect(.now - start < .seconds(12))
        }
    }

    /// As of a balancer behind which one server hangs.
    @Test
    func waitsNotLongForAHandshakeOfAnotherExchange() async throws {
        let nginx = try await Nginx.start(listen: "ssl http2")
        let balancer = ScriptedServer { connection in
            if connection.number == 1 { _ = connection.waitForEnd() } else { connection.forward(to: nginx.port) }
        }
        let client = try await HTTPClient(trusting: nginx)
        let request = HTTPRequest(.get, url: "https://127.0.0.1:\(balancer.port)/which", timeout: .seconds(20))
        let start = ContinuousClock.now
        let results = await client.results(of: Array(repeating: request, count: 16), most: 15)
        #expect(.now - start < .seconds(10))
        #expect(results.allSatisfy { (try? $0.get().statusCode) == 200 })
        #expect(balancer.connections < 6)
    }

    @Test
    func trustsNoStranger() async throws {
        let nginx = try await Nginx.start(listen: "ssl")
        let error = try await HTTPClient().error(of: HTTPRequest(nginx.url("/which")))
        #expect(error?.kind == .tls)
        #expect(error?.reason.contains("certificate") == true)
    }

    @Test
    func trustsNoOtherName() async throws {
        let nginx = try await Nginx.start(listen: "ssl", certifiedName: "DNS:elsewhere.test")
        let error = try await HTTPClient(trusting: nginx).error(of: HTTPRequest(nginx.url("/which")))
        #expect(error?.kind == .tls)
    }

    @Test
    func trustsAnybodyWhenTold() async throws {
        let nginx = try await Nginx.start(listen: "ssl", certifiedName: "DNS:elsewhere.test")
        let client = try await HTTPClient(HTTPClientOptions(tls: TLSOptions(skipsVerification: true)))
        #expect(try await client.response(to: HTTPRequest(nginx.url("/which"))).statusCode == 200)
    }

    @Test
    func showsItsCertificate() async throws {
        let nginx = try await Nginx.start(
            listen: "ssl", settings: "ssl_verify_client on; ssl_client_certificate cert.pem;")
        let stranger = try await HTTPClient(trusting: nginx).response(to: HTTPRequest(nginx.url("/which")))
        #expect(stranger.statusCode == 400)
        let tls = TLSOptions(
            caCertificateFile: nginx.certificate, certificateFile: nginx.certificate, keyFile: nginx.key)
        let friend = try await HTTPClient(HTTPClientOptions(tls: tls)).response(to: HTTPRequest(nginx.url("/which")))
        #expect(friend.statusCode == 200)
    }

    @Test
    func findsABadTLSFileAtStart() async throws {
        let nginx = try await Nginx.start(listen: "ssl")
        for (tls, path) in [
            (TLSOptions(caCertificateFile: nginx.key), nginx.key),
            (TLSOptions(caCertificateFile: "/nonexistent"), "/nonexistent"),
            (TLSOptions(certificateFile: nginx.certificate), "come together"),
            (TLSOptions(certificateFile: nginx.certificate, keyFile: nginx.certificate), nginx.certificate),
        ] {
            let error = await #expect(throws: HTTPError.self) { try await HTTPClient(HTTPClientOptions(tls: tls)) }
            #expect(error?.kind == .invalidOption)
            #expect(error?.description.contains(path) == true)
        }
    }

    @Test
    func decodesWhatComesCompressed() async throws {
        let nginx = try await Nginx.start(listen: "")
        let response = try await HTTPClient().response(to: HTTPRequest(nginx.url("/zeros"), limit: 1 << 20))
        #expect(response.body.count == 1 << 20)
        #expect(response.body.allSatisfy { $0 == UInt8(ascii: "0") })
        #expect(try nginx.log().contains("encoding=gzip"))
    }

    @Test
    func countsTheLimitAfterDecoding() async throws {
        let nginx = try await Nginx.start(listen: "")
        let error = try await HTTPClient().error(of: HTTPRequest(nginx.url("/zeros"), limit: (1 << 20) - 1))
        #expect(error?.kind == .responseTooLarge)
    }

    @Test
    func runsAThousandExchangesAtOnceAndLeavesNothingOpen() async throws {
        try raiseDescriptorLimit(needed: 4096)
        let nginx = try await Nginx.start(listen: "")
        do {
            let client = try await HTTPClient(HTTPClientOptions(maxIdleConnections: 1000))
            for _ in 0..<3 {
                let results = await client.results(of: (0..<1000).map { _ in HTTPRequest(nginx.url("/length"), "abc") })
                #expect(results.allSatisfy { (try? $0.get().body) == Array("3".utf8)[...] })
            }
            #expect(sockets(to: nginx.port).count > 0)
            #expect(sockets(to: nginx.port).count <= 1000)
            #expect(await client.active == 0)
        }
        #expect(await eventually { sockets(to: nginx.port).isEmpty })
    }
}

extension HTTPClient {
    fileprivate convenience init(trusting nginx: Nginx) throws {
        try self.init(HTTPClientOptions(tls: TLSOptions(caCertificateFile: nginx.certificate)))
    }
}
