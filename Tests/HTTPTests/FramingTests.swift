import Glibc
import Loop
import Messages
import Synchronization
import Testing

@testable import HTTP

/// Everything that HTTP/1.1's framing lets a server do, with ordinary requests before, beside and after it: each of them
/// gets its own answer.
@Suite(.timeLimit(.minutes(2)))
struct FramingTests {
    @Test(arguments: OddAnswer.all)
    func anOddAnswerCostsItselfAndNothingElse(odd: OddAnswer) async throws {
        let hasEnded = Switch()
        let server = ScriptedServer.echoing { connection, request in
            guard request.body == Array("odd".utf8) else { return nil }
            let goesOn = connection.carryOut(odd)
            if !goesOn { connection.end() }
            hasEnded.set()
            return goesOn
        }
        let client = try await HTTPClient()
        try await client.ordinaries("before", 1, server)
        // A surplus that comes while the next request is under way looks like its answer; nobody can tell.
        let beside = Task { try await client.ordinaries("beside", odd.takesItsTime ? 0 : 4, server) }
        let result = await client.result(of: HTTPRequest(server.url(), "odd", timeout: .seconds(8)))
        try await beside.value
        odd.check(result)

        #expect(await eventually { hasEnded.isSet })
        try await client.ordinaries("after", 3, server)
        try await client.ordinariesAtOnce("after all", 8, server)
        #expect(server.requests.count { $0.body == Array("odd".utf8) } == 1, "sent once")
        if let keeps = odd.keeps {
            let used = server.requests.map { "\($0.connection): \(String(decoding: $0.body, as: UTF8.self))" }
            #expect(
                !server.connections(of: "after").isDisjoint(with: server.connections(of: "odd")) == keeps, "\(used)")
        }
        #expect(await client.active == 0)
    }

    /// The moment between a turn's look at all descriptors and the use of one.
    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", "HTTP/1.1 408 T\r\nConnection: close\r\n\r\n", "",
    ])
    func takesNoAnswerThatLayThereBeforeItAsked(surplus: String) async throws {
        let speaks = Switch()
        let server = ScriptedServer { connection in
            var number = 0
            while let request = connection.readRequest() {
                number += 1
                connection.send(answer(200, String(decoding: request.body, as: UTF8.self)))
                guard number == 1, request.body == Array("first".utf8) else { continue }
                while !speaks.isSet { usleep(100) }
                connection.send(surplus)
                if surplus.isEmpty { return }
            }
        }
        let client = try await HTTPClient()
        _ = try await client.response(to: HTTPRequest(server.url(), "first"))
        let result = await client.result(
            of: HTTPRequest(server.url(), "second"), afterSurplusOn: server.port
        ) { speaks.set() }
        #expect(try String(decoding: result.get().body, as: UTF8.self) == "second")
        #expect(server.connections == 2)
    }

    /// The server's kernel drops the second request, and the server answers all the same.
    @Test
    func takesNoAnswerThatCameBeforeTheServerHadTheRequest() async throws {
        let speaks = Switch()
        let server = ScriptedServer { connection in
            _ = connection.readRequest()
            // Its packet confirms the first request; what comes after it is dropped.
            connection.send(answer())
            connection.dropWhatComes()
            while !speaks.isSet { usleep(100) }
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
            _ = connection.waitForEnd()
        }
        let client = try await HTTPClient()
        _ = try await client.response(to: HTTPRequest(server.url()))
        let descriptor = try #require(sockets(to: server.port).first)
        let before = try #require(TCPCounts(descriptor))
        let second = Task { await client.error(of: HTTPRequest(server.url(), "second")) }
        #expect(await eventually { (TCPCounts(descriptor)?.written ?? 0) > before.written })
        speaks.set()
        let error = await second.value
        #expect(error?.kind == .connectionLost)
        #expect(error?.reason == "the server wrote something before it had the request")
    }

    /// What it sends while the next request is under way cannot be told from the answer to that.
    ///
    /// Nor may the first surplus go unnoticed where libcurl reads it together with the answer.
    @Test(arguments: [20, 0])
    func aServerThatSaysTooMuchGetsAConnectionForEachRequest(pause: Int) async throws {
        let server = ScriptedServer { connection in
            var isFirst = true
            while let request = connection.readRequest() {
                let evil = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
                let own = answer(200, String(decoding: request.body, as: UTF8.self))
                if pause == 0, isFirst, request.body.starts(with: "first".utf8) {
                    connection.send(own + evil)
                } else {
                    connection.send(own)
                    Barrier.pause(milliseconds: 20)
                    connection.send(evil)
                }
                isFirst = false
            }
        }
        let other = ScriptedServer.answering { _ in answer() }
        let client = try await HTTPClient()
        try await client.ordinaries("first", 1, server)
        #expect(await eventually { sockets(to: server.port).isEmpty })
        try await client.ordinaries("after", 5, server)
        #expect(server.connections == 6)
        for _ in 0..<5 { _ = try await client.response(to: HTTPRequest(other.url())) }
        #expect(other.connections == 1)
    }

    /// The end may also come when the next request is on its way already, which is nobody's fault.
    @Test(arguments: ["{}", ""])
    func theEndOfAConnectionIsNoSurplus(body: String) async throws {
        let server = ScriptedServer { connection in
            guard connection.readRequest() != nil else { return }
            connection.send(answer(200, body))
        }
        let client = try await HTTPClient()
        let told = Switch()
        await client.tell(told)
        var answers = 0
        for _ in 0..<20 {
            do throws(HTTPError) {
                _ = try await client.response(to: HTTPRequest(server.url()))
                answers += 1
            } catch { #expect(error.kind == .connectionLost) }
        }
        #expect(answers >= 10)
        #expect(!told.isSet)
    }

    /// More connections than fit one look, all of them kept, all of them ended by the server.
    @Test
    func goesOnWhenManyIdleConnectionsEndAtOnce() async throws {
        let barrier = Barrier(300)
        let ends = Switch()
        let server = ScriptedServer { connection in
            while let request = connection.readRequest() {
                let isFirst = request.body == Array("{}".utf8)
                if isFirst { _ = barrier.wait() }
                connection.send(answer(200, String(decoding: request.body, as: UTF8.self)))
                guard isFirst else { continue }
                while !ends.isSet { usleep(1000) }
                return
            }
        }
        let client = try await HTTPClient(HTTPClientOptions(maxIdleConnections: 300))
        let results = await client.results(of: (0..<300).map { _ in HTTPRequest(server.url()) })
        #expect(results.allSatisfy { (try? $0.get().statusCode) == 200 })
        ends.set()
        #expect(await eventually { openSocketsHaveEnded(to: server.port) })
        for round in 0..<20 {
            let response = try await client.response(to: HTTPRequest(server.url(), "\(round)"))
            #expect(String(decoding: response.body, as: UTF8.self) == "\(round)")
        }
        #expect(await eventually { sockets(to: server.port).count <= 30 })
    }
}

extension OddAnswer {
    fileprivate func check(_ result: Result<HTTPResponse, HTTPError>) {
        switch (becomes, result) {
        case (.answer(let status, let body), .success(let response)):
            #expect(response.statusCode == status)
            #expect(String(decoding: response.body, as: UTF8.self) == body)
        case (.error(let kind, let reason), .failure(let error)):
            #expect(error.kind == kind, "\(error)")
            #expect(reason.isEmpty || error.reason.contains(reason), "\(error)")
        default: Issue.record("\(result)")
        }
    }
}

/// A switch that threads and tasks share.
final class Switch: Sendable {
    private let state = Mutex(false)
    var isSet: Bool { state.withLock { $0 } }
    func set() { state.withLock { $0 = true } }
}

extension ScriptedServer {
    /// Answers each request with its own body and the number of its connection, unless `odd` has answered it.
    ///
    /// - Parameter odd: `nil` for an ordinary request, otherwise whether the connection goes on.
    fileprivate static func echoing(_ odd: @escaping @Sendable (Connection, Request) -> Bool?) -> ScriptedServer {
        ScriptedServer { connection in
            while let request = connection.readRequest() {
                if let goesOn = odd(connection, request) {
                    if goesOn { continue }
                    return
                }
                connection.send(answer(200, String(decoding: request.body, as: UTF8.self)))
            }
        }
    }

    /// The connections that requests with this beginning came on.
    fileprivate func connections(of name: String) -> Set<Int> {
        Set(requests.filter { $0.body.starts(with: name.utf8) }.map(\.connection))
    }
}

extension HTTPClient {
    fileprivate func tell(_ told: Switch) { onSurplus = { _ in told.set() } }

    /// One ordinary request after another, each of which has to get its own answer.
    fileprivate func ordinaries(_ name: String, _ count: Int, _ server: ScriptedServer) async throws {
        for number in 0..<count {
            let response = try await response(to: HTTPRequest(server.url(), "\(name) \(number)"))
            #expect(String(decoding: response.body, as: UTF8.self) == "\(name) \(number)")
        }
    }

    /// The same, all at once.
    fileprivate func ordinariesAtOnce(_ name: String, _ count: Int, _ server: ScriptedServer) async throws {
        let results = await results(of: (0..<count).map { HTTPRequest(server.url(), "\(name) \($0)") })
        for (number, result) in results.enumerated() {
            #expect(String(decoding: try result.get().body, as: UTF8.self) == "\(name) \(number)")
        }
    }

    /// Lets a server say something on an idle connection, and starts a request once it is there to be read; in one go, so
    /// that the loop does not turn in between.
    fileprivate func result(
        of request: HTTPRequest, afterSurplusOn port: UInt16, speak: @Sendable () -> Void
    ) async -> Result<HTTPResponse, HTTPError> {
        await withCheckedContinuation { continuation in
            speak()
            let idle = sockets(to: port)
            for _ in 0..<50_000 where !idle.contains(where: hasSpoken) { usleep(100) }
            start(request) { continuation.resume(returning: $0) }
        }
    }
}
