import Loop
import Messages
import Testing

@testable import HTTP

@Suite(.timeLimit(.minutes(1)))
struct RedirectTests {
    private static let headers = [
        HeaderField("Content-Type", "application/json"), HeaderField("Authorization", "Bearer secret"),
        HeaderField("X-Api-Key", "secret"), HeaderField("x-gateway-objective", "batch"),
    ]

    @Test(arguments: [307, 308], [600, 100_000])
    func followsWithTheBody(status: Int, size: Int) async throws {
        let server = ScriptedServer.answering { request in
            request.head.hasPrefix("POST /moved ")
                ? answer(200, "there") : answer(status, "go", headers: "Location: /moved\r\n")
        }
        let body = String(repeating: "b", count: size)
        let request = HTTPRequest(url: server.url("/x"), headers: Self.headers, body: Array(body.utf8)[...])
        let response = try await HTTPClient().response(to: request)
        #expect(response.statusCode == 200)
        #expect(String(decoding: response.body, as: UTF8.self) == "there")
        #expect(server.requests.map(\.body) == [Array(body.utf8), Array(body.utf8)])
        #expect(server.requests.last?.header("Authorization") == "Bearer secret")
    }

    @Test
    func leavesCredentialsBehindOnTheWayToAnotherHost() async throws {
        let other = ScriptedServer.answering { _ in answer(200, "there") }
        let location = other.url("/moved")
        let server = ScriptedServer.answering { _ in answer(307, "", headers: "Location: \(location)\r\n") }
        let request = HTTPRequest(url: server.url(), headers: Self.headers, body: [1, 2])
        #expect(try await HTTPClient().response(to: request).statusCode == 200)
        let received = try #require(other.requests.first)
        #expect(received.body == [1, 2])
        #expect(received.header("Authorization") == nil)
        #expect(received.header("X-Api-Key") == nil)
        #expect(received.header("x-gateway-objective") == "batch")
        #expect(received.header("Content-Type") == "application/json")
    }

    @Test(arguments: [301, 302, 303, 300, 304])
    func takesOtherRedirectsForAnswers(status: Int) async throws {
        let server = ScriptedServer.answering { _ in
            status == 304 ? "HTTP/1.1 304 Not Modified\r\n\r\n" : answer(status, "go", headers: "Location: /moved\r\n")
        }
        let response = try await HTTPClient().response(to: HTTPRequest(server.url()))
        #expect(response.statusCode == status)
        #expect(String(decoding: response.body, as: UTF8.self) == (status == 304 ? "" : "go"))
        #expect(server.requests.count == 1)
    }

    @Test(arguments: ["", "Location: file:///etc/passwd\r\n", "Location: ftp://127.0.0.1/\r\n"])
    func takesARedirectToNowhereForAnAnswer(location: String) async throws {
        let server = ScriptedServer.answering { _ in answer(307, "go", headers: location) }
        #expect(try await HTTPClient().response(to: HTTPRequest(server.url())).statusCode == 307)
    }

    @Test
    func givesUpAfterTenRedirects() async throws {
        let server = ScriptedServer.answering { _ in answer(308, "go", headers: "Location: /again\r\n") }
        let client = try await HTTPClient()
        for round in 1...2 {
            #expect(await client.error(of: HTTPRequest(server.url()))?.kind == .tooManyRedirects)
            #expect(server.requests.count == 11 * round)
        }
    }

    @Test
    func countsTheTimeOfAllRedirectsTogether() async throws {
        let server = ScriptedServer.answering { _ in
            Barrier.pause(milliseconds: 60)
            return answer(307, "", headers: "Location: /again\r\n")
        }
        let error = try await HTTPClient().error(of: HTTPRequest(server.url(), timeout: .milliseconds(200)))
        #expect(error?.kind == .timeout)
        #expect(server.requests.count <= 4)
    }

    @Test(arguments: [
        ("http://a/x", "http://A:80/y", true), ("https://a/x", "https://a:443/", true),
        ("http://a/x", "https://a/x", false), ("http://a:8000/", "http://a/", false), ("http://a/", "http://b/", false),
        ("http://a/", "nowhere at all", false),
    ])
    func anOriginIsSchemeHostAndPort(_ one: String, _ other: String, areSame: Bool) {
        #expect((Origin(one) == Origin(other)) == areSame)
    }
}
