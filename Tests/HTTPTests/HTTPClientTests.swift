import Glibc
import Loop
import Messages
import Testing

@testable import HTTP

@Suite(.timeLimit(.minutes(1)))
struct HTTPClientTests {
    @Test(arguments: [0, 1, 600, 32 << 10, (32 << 10) + 1, 3 << 20])
    func postsTheBodyByteForByte(size: Int) async throws {
        let server = ScriptedServer.answering { _ in answer() }
        let frame = [UInt8](unsafeUninitializedCapacity: size + 9) { buffer, count in
            for index in 0..<size + 9 { buffer[index] = UInt8(truncatingIfNeeded: index &* 31) }
            count = size + 9
        }
        let body = frame[4..<size + 4]
        let response = try await HTTPClient().response(to: HTTPRequest(url: server.url("/v1/x?y=z"), body: body))

        #expect(response.statusCode == 200)
        #expect(Array(response.body) == Array("ok".utf8))
        let request = try #require(server.requests.first)
        #expect(server.requests.count == 1)
        #expect(request.head.hasPrefix("POST /v1/x?y=z HTTP/1.1\r\n"))
        #expect(request.header("Content-Length") == "\(size)")
        #expect(request.header("Expect") == nil)
        #expect(request.body == Array(body))
    }

    @Test
    func getsWithoutABodyAndPostsAgainWithOne() async throws {
        let server = ScriptedServer.answering { _ in answer() }
        let client = try await HTTPClient()
        for method in [HTTPMethod.get, .post, .get] {
            _ = try await client.response(to: HTTPRequest(method, url: server.url("/a?b=c"), body: [1, 2]))
        }
        #expect(server.requests.map { $0.head.prefix { $0 != " " } } == ["GET", "POST", "GET"])
        #expect(server.requests.map(\.body) == [[], [1, 2], []])
        #expect(server.requests.first?.header("Content-Length") == nil)
    }

    @Test
    func aCancelledTaskEndsItsExchange() async throws {
        let server = ScriptedServer { connection in while connection.readRequest() != nil {} }
        let client = try await HTTPClient()
        let task = Task { await client.error(of: HTTPRequest(url: server.url())) }
        while server.requests.isEmpty { try await Task.sleep(for: .milliseconds(1)) }
        task.cancel()
        #expect(await task.value?.kind == .cancelled)
        #expect(await client.active == 0)
    }

    @Test
    func sendsTheHeadersOfTheRequestAndNoContentTypeOfItsOwn() async throws {
        let server = ScriptedServer.answering { _ in answer() }
        let client = try await HTTPClient()
        let headers = [
            HeaderField("Content-Type", "application/json"), HeaderField("x-empty", ""),
            HeaderField("X-Text", "a: b; \u{e9}"),
        ]
        _ = try await client.response(to: HTTPRequest(url: server.url(), headers: headers, body: [1]))
        _ = try await client.response(to: HTTPRequest(url: server.url(), body: [1]))

        let requests = server.requests
        #expect(requests.count == 2)
        #expect(requests.first?.header("content-type") == "application/json")
        #expect(requests.first?.header("x-empty") == "")
        #expect(requests.first?.header("x-text") == "a: b; \u{e9}")
        #expect(requests.first?.header("user-agent") == "async-processor")
        #expect(requests.last?.header("content-type") == nil)
        #expect(requests.last?.header("x-text") == nil)
    }

    /// To Swift the two values are equal.
    @Test
    func sendsTheBytesOfAHeaderAndNotWhatIsEqualToThem() async throws {
        let server = ScriptedServer.answering { _ in answer() }
        let client = try await HTTPClient()
        let values = ["caf\u{e9}", "cafe\u{301}", "caf\u{e9}", "caf\u{e9}"]
        for value in values {
            _ = try await client.response(to: HTTPRequest(url: server.url(), headers: [HeaderField("x-user", value)]))
        }
        #expect(server.requests.map { Array($0.header("x-user")?.utf8 ?? "".utf8) } == values.map { Array($0.utf8) })
    }

    @Test(arguments: [
        HeaderField("Host", "elsewhere"), HeaderField("content-length", "7"),
        HeaderField("Transfer-Encoding", "chunked"),
        HeaderField("x", "a\r\ny: b"), HeaderField("a b", "c"), HeaderField("", "c"),
        HeaderField("Expect", "100-continue"),
    ])
    func sendsNothingWhenAHeaderWouldChangeTheMeaningOfTheRequest(header: HeaderField) async throws {
        let server = ScriptedServer.answering { _ in answer() }
        let client = try await HTTPClient()
        let error = await client.error(of: HTTPRequest(url: server.url(), headers: [header]))
        #expect(error?.kind == .invalidRequest)
        #expect(error?.reason.hasPrefix("headers: ") == true)
        #expect(server.connections == 0)
        #expect(await client.active == 0)
    }

    @Test(arguments: [
        "", "gateway:8000/v1", "ftp://127.0.0.1/x", "file:///etc/passwd", "http://", "http://a b/", "http://a:99999/",
    ])
    func refusesWhatIsNoURLOfHTTP(url: String) async throws {
        let error = try await HTTPClient().error(of: HTTPRequest(url))
        #expect(error?.kind == .invalidRequest)
    }

    @Test
    func keepsTheHeadersItWasAskedFor() async throws {
        let server = ScriptedServer.answering { _ in
            answer(429, "{}", headers: "retry-after:  7 \r\nX-Other: 1\r\nX-Reason: full\r\n")
        }
        let client = try await HTTPClient(HTTPClientOptions(responseHeaders: ["X-Reason", "Retry-After", "X-Missing"]))
        let response = try await client.response(to: HTTPRequest(server.url()))
        #expect(response.statusCode == 429)
        #expect(response.headers == [HeaderField("X-Reason", "full"), HeaderField("Retry-After", "7")])
        #expect(response.header("retry-AFTER") == "7")
        #expect(response.header("X-Other") == nil)
    }

    @Test
    func readsAChunkedBody() async throws {
        let server = ScriptedServer.answering { _ in
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1;x=y\r\n \r\n5\r\nworld\r\n0\r\nX: y\r\n\r\n"
        }
        let client = try await HTTPClient()
        for _ in 0..<3 {
            let response = try await client.response(to: HTTPRequest(server.url()))
            #expect(String(decoding: response.body, as: UTF8.self) == "hello world")
        }
        #expect(server.connections == 1)
    }

    @Test
    func usesOneConnectionForOneExchangeAfterAnother() async throws {
        let server = ScriptedServer.answering { answer(200, "\($0.body.count)") }
        let client = try await HTTPClient()
        for count in 0..<50 {
            let response = try await client.response(
                to: HTTPRequest(server.url(), String(repeating: "x", count: count)))
            #expect(String(decoding: response.body, as: UTF8.self) == "\(count)")
        }
        #expect(server.connections == 1)
    }

    @Test(arguments: [nil, Duration.seconds(20)])
    func givesConnectionsTheirLimitForWhatIsNotConfirmed(_ limit: Duration?) async throws {
        let server = ScriptedServer.answering { _ in answer() }
        let client = try await HTTPClient(HTTPClientOptions(unconfirmedTimeout: limit))
        _ = try await client.response(to: HTTPRequest(server.url()))
        let limits = sockets(to: server.port).map { descriptor in
            var milliseconds: CUnsignedInt = 0
            var length = socklen_t(MemoryLayout.size(ofValue: milliseconds))
            getsockopt(descriptor, CInt(IPPROTO_TCP), TCP_USER_TIMEOUT, &milliseconds, &length)
            return Int(milliseconds)
        }
        #expect(limits == [limit == nil ? 0 : 20_000])
        #expect(await client.active == 0)
    }

    @Test
    func keepsAsManyConnectionsAsThereAreExchangesAtOnce() async throws {
        let barriers = [Barrier(64), Barrier(64)]
        let server = ScriptedServer { connection in
            for barrier in barriers {
                guard connection.readRequest() != nil, barrier.wait() else { return }
                connection.send(answer())
            }
            _ = connection.waitForEnd()
        }
        let client = try await HTTPClient(HTTPClientOptions(maxIdleConnections: 64))
        for _ in barriers {
            let results = await client.results(of: (0..<64).map { _ in HTTPRequest(server.url()) })
            #expect(results.allSatisfy { (try? $0.get().statusCode) == 200 })
        }
        #expect(server.connections == 64)
    }

    @Test
    func callsBackOnceAndNeverBeforeStartHasReturned() async throws {
        let refusing = RefusingPort()
        let client = try await HTTPClient()
        for url in ["no URL", "http://127.0.0.1:\(refusing.port)/", "http:///"] {
            #expect(await client.callsBackLater(HTTPRequest(url)))
        }
    }

    @Test
    func startsAnExchangeFromTheCompletionOfAnother() async throws {
        let server = ScriptedServer.answering { _ in answer() }
        let client = try await HTTPClient()
        let done = await withCheckedContinuation { continuation in
            Task { @PipelineActor in client.chain(HTTPRequest(server.url()), 20) { continuation.resume(returning: $0) }
            }
        }
        #expect(done == 20)
        #expect(server.connections == 1)
    }

    @Test
    func measuresTheTimeOfAnExchange() async throws {
        let server = ScriptedServer { connection in
            _ = connection.readRequest()
            Barrier.pause(milliseconds: 50)
            connection.send(answer())
        }
        let response = try await HTTPClient().response(to: HTTPRequest(server.url()))
        #expect(response.totalTime >= .milliseconds(50))
        #expect(response.totalTime < .seconds(5))
    }
}

extension HTTPClient {
    /// Whether the completion came after `start`, and once.
    fileprivate func callsBackLater(_ request: HTTPRequest) async -> Bool {
        var hasReturned = false
        return await withCheckedContinuation { continuation in
            let state = Flag()
            start(request) { _ in continuation.resume(returning: state.isSet) }
            state.isSet = true
            hasReturned = true
        } && hasReturned
    }

    /// One exchange after another, each started by the completion of the one before.
    fileprivate func chain(
        _ request: HTTPRequest, _ count: Int, done: Int = 0, _ completion: @escaping @PipelineActor (Int) -> Void
    ) {
        if count == done { return completion(done) }
        start(request) { [self] result in
            guard case .success = result else { return completion(done) }
            chain(request, count, done: done + 1, completion)
        }
    }
}

@PipelineActor private final class Flag { var isSet = false }
