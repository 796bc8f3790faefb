import Foundation
import Glibc
import Loop
import Messages
import Testing

@testable import HTTP

/// What goes wrong on the way, and what is said about it.
@Suite(.timeLimit(.minutes(1)))
struct HTTPFailureTests {
    @Test(arguments: [
        "", "HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 200 OK\r\nDate: x\r\n", "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "SSH-2.0-OpenSSH_9.2\r\n",
    ])
    func anAnswerThatIsNotWholeIsALostConnection(sent: String) async throws {
        let server = ScriptedServer { connection in
            _ = connection.readRequest()
            connection.send(sent)
        }
        let error = try await HTTPClient().error(of: HTTPRequest(server.url()))
        #expect(error?.kind == .connectionLost)
        #expect(server.requests.count == 1)
    }

    @Test
    func aResetIsALostConnection() async throws {
        let server = ScriptedServer { connection in
            _ = connection.readRequest()
            connection.resetOnClose()
        }
        let error = try await HTTPClient().error(of: HTTPRequest(server.url()))
        #expect(error?.kind == .connectionLost)
    }

    @Test
    func namesWhatWasTriedWithoutItsSecrets() async throws {
        let port = RefusingPort().port
        let url = "http://me:secret@127.0.0.1:\(port)/v1/completions?key=secret"
        let error = await (try HTTPClient()).error(of: HTTPRequest(url))
        #expect(error?.kind == .connect)
        #expect(error?.action == "POST \(redacted(url))")
        #expect(error?.description.contains("secret") == false)
        #expect(error?.description.contains("Failed to connect to 127.0.0.1 port \(port)") == true)
    }

    @Test
    func aNameThatDoesNotExistIsAnErrorOfNames() async throws {
        let error = try await HTTPClient().error(of: HTTPRequest("http://gateway.invalid/"))
        #expect(error?.kind == .dns)
        #expect(error?.reason.contains("gateway.invalid") == true)
    }

    @Test(arguments: ["", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhel"])
    func endsAnExchangeAtItsTimeout(sent: String) async throws {
        let server = ScriptedServer { connection in
            _ = connection.readRequest()
            connection.send(sent)
            _ = connection.waitForEnd()
        }
        let start = ContinuousClock.now
        let error = try await HTTPClient().error(of: HTTPRequest(server.url(), timeout: .milliseconds(150)))
        #expect(error?.kind == .timeout)
        #expect(.now - start >= .milliseconds(150))
        #expect(.now - start < .seconds(5))
    }

    @Test
    func aTimeoutUnderAMillisecondIsStillOne() async throws {
        let server = ScriptedServer { _ = $0.waitForEnd() }
        let error = try await HTTPClient().error(of: HTTPRequest(server.url(), timeout: .microseconds(1)))
        #expect(error?.kind == .timeout)
    }

    @Test
    func limitsTheTimeToConnect() async throws {
        // A listener whose queue is full leaves the next connection without an answer.
        let full = FullListener()
        let client = try await HTTPClient(HTTPClientOptions(connectTimeout: .milliseconds(200)))
        let start = ContinuousClock.now
        let error = await client.error(of: HTTPRequest("http://127.0.0.1:\(full.port)/"))
        #expect(error?.kind == .timeout)
        #expect(.now - start < .seconds(5))
    }

    @Test
    func doesNotSendARequestTwiceByItself() async throws {
        let server = ScriptedServer { connection in
            _ = connection.readRequest()
            connection.send(answer())
            _ = connection.readRequest()  // and ends the connection without an answer
        }
        let client = try await HTTPClient()
        _ = try await client.response(to: HTTPRequest(server.url()))
        let error = await client.error(of: HTTPRequest(server.url(), "second"))
        #expect(error?.kind == .connectionLost)
        #expect(server.requests.map(\.body) == [Array("{}".utf8), Array("second".utf8)])
        #expect(try await client.response(to: HTTPRequest(server.url(), "third")).statusCode == 200)
    }

    /// As when a server is restarted and its goodbye and our request cross: the request finds nobody there.
    @Test(.enabled(if: geteuid() == 0, "only root may let a connection vanish"))
    func sendsAgainAtOnceWhatNoServerGot() async throws {
        let server = ScriptedServer { connection in
            _ = connection.readRequest()
            connection.send(answer())
            connection.vanishOnClose()
        }
        let client = try await HTTPClient()
        for round in 1...3 {
            #expect(try await client.response(to: HTTPRequest(server.url(), "\(round)")).statusCode == 200)
            #expect(await eventually { server.vanished == round })
        }
        #expect(server.requests.map(\.body) == (1...3).map { Array("\($0)".utf8) })
        #expect(server.connections == 3)
    }

    /// As when a worker that goes closes its connections, and our request has come between its last look and that.
    @Test
    func sendsAgainAtOnceWhatNoServerRead() async throws {
        let server = ScriptedServer { connection in
            _ = connection.readRequest()
            connection.send(answer())
            connection.waitForBytes()
        }
        let client = try await HTTPClient()
        _ = try await client.response(to: HTTPRequest(server.url(), "first"))
        #expect(try await client.response(to: HTTPRequest(server.url(), "second")).statusCode == 200)
        #expect(server.requests.map(\.body) == [Array("first".utf8), Array("second".utf8)])
    }

    /// It may have been worked on.
    @Test
    func doesNotSendAgainWhatTheServersKernelHasConfirmed() async throws {
        let server = ScriptedServer { connection in
            _ = connection.readRequest()
            connection.send(answer())
            connection.waitForBytes()
            // Something lies there unread, so the end is a reset; but so late that somebody may have worked on it.
            Thread.sleep(forTimeInterval: 1)
        }
        let client = try await HTTPClient()
        _ = try await client.response(to: HTTPRequest(server.url()))
        #expect(await client.error(of: HTTPRequest(server.url(), "second"))?.kind == .connectionLost)
        #expect(server.requests.map(\.body) == [Array("{}".utf8)])
    }

    @Test
    func goesOnAfterConnectionsThatEndedWhileTheyWereIdle() async throws {
        let server = ScriptedServer { connection in
            _ = connection.readRequest()
            connection.send(answer())
        }
        let client = try await HTTPClient()
        for round in 1...5 {
            #expect(try await client.response(to: HTTPRequest(server.url())).statusCode == 200)
            #expect(await eventually { openSocketsHaveEnded(to: server.port) }, "round \(round)")
        }
        #expect(server.connections == 5)
    }

    @Test(arguments: [true, false])
    func abortsAnAnswerThatIsTooLarge(isLengthKnown: Bool) async throws {
        let piece = String(repeating: "x", count: 1 << 16)
        let server = ScriptedServer { connection in
            _ = connection.readRequest()
            connection.send("HTTP/1.1 200 OK\r\n" + (isLengthKnown ? "Content-Length: 104857600\r\n" : "") + "\r\n")
            for _ in 0..<1600 { connection.send(piece) }
        }
        let error = try await HTTPClient().error(of: HTTPRequest(server.url(), limit: 1 << 20))
        #expect(error?.kind == .responseTooLarge)
        #expect(error?.reason == "the answer is larger than 1048576 bytes")
    }

    @Test(arguments: [(99, false), (100, true), (101, true)])
    func takesAnAnswerOfExactlyTheLimit(limit: Int, isTaken: Bool) async throws {
        let server = ScriptedServer.answering { _ in answer(200, String(repeating: "x", count: 100)) }
        let result = try await HTTPClient().result(of: HTTPRequest(server.url(), limit: limit))
        #expect(((try? result.get()) != nil) == isTaken)
    }

    @Test
    func takesAHundredMegabytesWhereTheyAreAllowed() async throws {
        let server = ScriptedServer { connection in
            _ = connection.readRequest()
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n")
            let piece = [UInt8](repeating: 7, count: 1 << 20)
            for _ in 0..<100 { connection.send(piece) }
        }
        let response = try await HTTPClient().response(to: HTTPRequest(server.url(), limit: 100 << 20))
        #expect(response.body.count == 100 << 20)
        #expect(response.body.last == 7)
    }

    @Test
    func aCancelledExchangeEndsItsConnectionAndIsNeverAnswered() async throws {
        let ended = Barrier(2)
        let server = ScriptedServer { connection in
            guard let request = connection.readRequest() else { return }
            if request.body.count > 2 { return connection.send(answer()) }
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhel")
            if connection.waitForEnd() { _ = ended.wait() }
        }
        let client = try await HTTPClient()
        let id = await client.start(HTTPRequest(server.url())) { _ in Issue.record("answered after it was cancelled") }
        #expect(await eventually { server.requests.count == 1 })
        await client.cancel(id)
        await client.cancel(id)
        #expect(await client.active == 0)
        #expect(ended.wait())
        #expect(try await client.response(to: HTTPRequest(server.url(), "next")).statusCode == 200)
        await client.cancel(id)
    }
}
