import GatewaySimulator
import Messages
import Testing

struct GatewaySimulatorTests {
    @Test(.timeLimit(.minutes(1)))
    func answersOneRequestAfterTheOtherOnAConnectionThatStaysOpen() async throws {
        try await withGateway { gateway in
            let client = RawClient(port: gateway.port)
            for attempt in 1...3 {
                client.post("/v1/completions", #"{"model":"food-review-1","prompt":"Hi"}"#)
                let response = try #require(client.response())
                #expect(response.status == 200)
                #expect(response.body.contains(#""object":"text_completion""#))
                #expect(gateway.requests().last?.attempt == attempt)
            }
            #expect(gateway.requests().map(\.connection) == [1, 1, 1])
            #expect(gateway.requests().map(\.outcome) == Array(repeating: .answered(200), count: 3))
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func recordsPathHeadersAndBodyAsTheyCame() async throws {
        try await withGateway { gateway in
            let client = RawClient(port: gateway.port)
            client.post("/v1/completions?a=1", "{ \"prompt\" :1.0}\n", headers: "X-Some: a  b \r\nX-Empty:\r\n")
            _ = client.response()
            let request = try #require(gateway.requests().first)
            #expect(request.method == "POST")
            #expect(request.path == "/v1/completions?a=1")
            #expect(request.text == "{ \"prompt\" :1.0}\n")
            #expect(request.header("x-some") == "a  b")
            #expect(request.header("X-EMPTY") == "")
            #expect(request.headers.map(\.name) == ["Host", "X-Some", "X-Empty", "Content-Length"])
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func answersPipelinedRequestsInTheirOrder() async throws {
        try await withGateway(GatewaySettings(latency: .fixed(.milliseconds(20)))) { gateway in
            let client = RawClient(port: gateway.port)
            for number in 1...3 { client.post("/v1/embeddings", #"{"input":["\#(number)"],"model":"m\#(number)"}"#) }
            for number in 1...3 {
                let response = try #require(client.response())
                #expect(response.body.contains("\"m\(number)\""))
            }
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func closesWhenTheClientAsksForIt() async throws {
        try await withGateway { gateway in
            let client = RawClient(port: gateway.port)
            client.post("/v1/completions", "{}", headers: "Connection: close\r\n")
            let response = try #require(client.response())
            #expect(response.header("Connection") == "close")
            #expect(client.receive() == [])
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func givesLeaveToSendALargeBody() async throws {
        try await withGateway { gateway in
            let client = RawClient(port: gateway.port)
            let body = #"{"prompt":"\#(String(repeating: "x", count: 3 << 20))"}"#
            client.send(
                "POST /v1/completions HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: \(body.utf8.count)\r\n\r\n")
            #expect(client.response()?.status == 100)
            client.send(body)
            #expect(client.response()?.status == 200)
            #expect(gateway.requests().first?.body.count == body.utf8.count)
        }
    }

    @Test(
        .timeLimit(.minutes(1)),
        arguments: [
            ("POST /v1/completions HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 411),
            ("POST /v1/completions HTTP/1.1\r\nContent-Length: x\r\n\r\n", 400),
            ("POST /v1/completions HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
            ("HELLO\r\n\r\n", 400), ("GET / HTTP/1.1\r\n: x\r\n\r\n", 400),
        ])
    func answersAndClosesWhenARequestMakesNoSense(bytes: String, status: Int) async throws {
        try await withGateway { gateway in
            let client = RawClient(port: gateway.port)
            client.send(bytes)
            #expect(client.response()?.status == status)
            #expect(client.receive() == [])
        }
    }

    @Test(
        .timeLimit(.minutes(1)),
        arguments: [
            ("GET", "/health", 200), ("GET", "/v1/models", 200), ("GET", "/nothing", 404), ("POST", "/v1/rerank", 404),
            ("PUT", "/v1/completions", 405),
        ])
    func knowsItsPaths(method: String, path: String, status: Int) async throws {
        try await withGateway { gateway in
            let client = RawClient(port: gateway.port)
            client.send("\(method) \(path) HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}")
            #expect(client.response()?.status == status)
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func doesWhatTheScriptSays() async throws {
        var settings = GatewaySettings(faults: FaultShares(unavailable: 1))
        settings.script = { request in
            switch request.attempt {
            case 1: .refusal(429, retryAfter: "3")
            case 2: .response(418, headers: [HeaderField("Content-Type", "text/plain")], body: Array("tea".utf8))
            case 3: .after(.milliseconds(30), .normal)
            default: nil
            }
        }
        try await withGateway(settings) { gateway in
            let client = RawClient(port: gateway.port)
            var answers: [RawClient.Response] = []
            for _ in 1...4 {
                client.post("/v1/completions", "{}")
                answers.append(try #require(client.response()))
            }
            #expect(answers.map(\.status) == [429, 418, 200, 503])
            #expect(answers[0].header("Retry-After") == "3")
            #expect(answers[1].body == "tea")
            #expect(answers[1].header("Content-Type") == "text/plain")
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func servesAThousandConnectionsAtOnce() async throws {
        try await withGateway(GatewaySettings(latency: .fixed(.milliseconds(100)))) { gateway in
            let clients = (0..<1024).map { _ in RawClient(port: gateway.port) }
            let start = ContinuousClock.now
            for (number, client) in clients.enumerated() { client.post("/v1/completions", #"{"prompt":"\#(number)"}"#) }
            #expect(clients.allSatisfy { $0.response()?.status == 200 })
            #expect(ContinuousClock.now - start < .seconds(5))
            #expect(Set(gateway.requests().map(\.connection)).count == 1024)
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func freesItsPortWhenItStops() async throws {
        let first = try await GatewaySimulator.start()
        let client = RawClient(port: first.port)
        #expect(client.get("/health")?.status == 200)
        await first.stop()
        #expect(client.get("/health") == nil)
        let second = try await GatewaySimulator.start(port: first.port)
        #expect(RawClient(port: second.port).get("/health")?.status == 200)
        let error = await #expect(throws: GatewaySimulatorError.self) {
            try await GatewaySimulator.start(port: second.port)
        }
        #expect(error?.description == "bind 127.0.0.1:\(second.port): Address already in use")
        await second.stop()
    }
}

/// Starts a gateway, and stops it whatever happens.
func withGateway(
    _ settings: GatewaySettings = GatewaySettings(), _ body: (GatewaySimulator) async throws -> Void
) async throws {
    let gateway = try await GatewaySimulator.start(settings)
    do {
        try await body(gateway)
    } catch {
        await gateway.stop()
        throw error
    }
    await gateway.stop()
}
