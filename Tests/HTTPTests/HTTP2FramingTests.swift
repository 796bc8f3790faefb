import Loop
import Messages
import Testing

@testable import HTTP

/// Answers over HTTP/2 that do not say how long they are, on a connection that many share.
@Suite(.enabled(if: TLSScript.isAvailable, "python3, nginx or openssl is missing"), .timeLimit(.minutes(1)))
struct HTTP2FramingTests {
    /// libcurl takes the first four for the end of all that is under way on the connection.
    @Test(arguments: ["frame", "noise", "window", "table", "give"], ["json", "plain"])
    func halfAnAnswerIsNone(what: String, kind: String) async throws {
        let (server, client) = try await start()
        let requests = ["\(what) \(kind)"] + (1..<6).map { "none \(kind) \($0)" }
        let results = await client.results(of: requests.map { HTTPRequest(server.url, $0) })
        for (name, result) in zip(requests, results) {
            guard case .success(let response) = result else { continue }
            let answer = String(decoding: response.body, as: UTF8.self)
            // A stream that is given up without an error may have been whole: only its text says.
            if what == "give", kind == "plain", name == requests[0] { continue }
            #expect(answer == (kind == "plain" ? name + name : "{\"echo\":\"\(name)\"}"))
        }
        #expect(what == "give" || results.contains { (try? $0.get()) == nil })
        // What comes next has a connection that works.
        #expect(try await client.response(to: HTTPRequest(server.url, "none json")).statusCode == 200)
    }

    /// A server that is about to end says so, and ends the connection when its last answer is out.
    @Test(arguments: [
        "whole-goaway json", "whole-noise json", "whole-give json", "none json", "goaway json", "none plain",
    ])
    func aWholeAnswerIsOneWhateverComesOfItsConnection(name: String) async throws {
        let (server, client) = try await start()
        let answer = try await client.response(to: HTTPRequest(server.url, name))
        #expect(
            String(decoding: answer.body, as: UTF8.self)
                == (name.hasSuffix("plain") ? name + name : "{\"echo\":\"\(name)\"}"))
    }

    /// Where the end of the connection is that of the answer.
    @Test(arguments: [true, false])
    func halfAnAnswerThatEndsWithItsConnectionIsNone(isHalf: Bool) async throws {
        let server = ScriptedServer { connection in
            _ = connection.readRequest()
            connection.send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"text\":\"}\(isHalf ? "" : "\"}\n")")
        }
        let result = await (try HTTPClient()).result(of: HTTPRequest(server.url()))
        #expect((try? result.get().statusCode) == (isHalf ? nil : 200))
        if isHalf, case .failure(let error) = result {
            #expect(error.reason == "the answer ended in the middle of its JSON")
        }
    }

    @Test(arguments: [
        ("", false), ("{}", false), ("{", true), ("[1,2", true), (" {\"a\":\"", true), ("{\"a\":\"\\\"}", true),
        ("{\"a\":\"\\\"\"}", false), ("text {", false), ("{}\n{\"a\":NaN}", false), ("{}\n{\"a\"", true),
        ("\"abc", false),
    ])
    func knowsOpenJSON(body: String, isOpen: Bool) { #expect(isOpenJSON(Array(body.utf8)) == isOpen) }

    private func start() async throws -> (TLSScript, HTTPClient) {
        let server = try await TLSScript.startHTTP2()
        return (server, try await HTTPClient(HTTPClientOptions(tls: TLSOptions(caCertificateFile: server.certificate))))
    }
}
