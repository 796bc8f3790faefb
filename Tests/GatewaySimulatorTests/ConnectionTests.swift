import GatewaySimulator
import Messages
import Testing

/// What happens between the two ends of a connection that do not keep pace.
struct ConnectionTests {
    private static let large = [UInt8](repeating: UInt8(ascii: "x"), count: 32 << 20)

    @Test(.timeLimit(.minutes(1)))
    func anAnswerLargerThanTheSocketsBuffersArrivesWhole() async throws {
        let settings = GatewaySettings { _ in .response(200, headers: [], body: Self.large) }
        try await withGateway(settings) { gateway in
            let client = RawClient(port: gateway.port)
            client.post("/v1/completions", "{}")
            // Others are served while this one does not read.
            let other = RawClient(port: gateway.port)
            other.send("POST / HTTP/1.1\r\nConnection: close\r\n\r\n")
            #expect(client.length() == Self.large.count)
            _ = try await gateway.recorder.requests(atLeast: 2)
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func anAnswerThatIsNotReadToItsEndIsNoAnswer() async throws {
        let settings = GatewaySettings { _ in .response(200, headers: [], body: Self.large) }
        try await withGateway(settings) { gateway in
            let client = RawClient(port: gateway.port)
            client.post("/v1/completions", "{}")
            #expect(client.receive()?.isEmpty == false)
            client.close()
            _ = try await gateway.outcomes { $0 == [.abandoned] }
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func aClientThatGoesDuringTheLatencyIsNotAnswered() async throws {
        try await withGateway(GatewaySettings(latency: .fixed(.seconds(30)))) { gateway in
            let client = RawClient(port: gateway.port)
            client.post("/v1/completions", "{}")
            _ = try await gateway.recorder.requests(atLeast: 1)
            client.close()
            _ = try await gateway.outcomes { $0 == [.abandoned] }
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func aClientThatGoesInTheMiddleOfARequestLeavesNoTrace() async throws {
        try await withGateway { gateway in
            let client = RawClient(port: gateway.port)
            client.send("POST /v1/completions HTTP/1.1\r\nContent-Length: 100\r\n\r\n{")
            client.close()
            #expect(RawClient(port: gateway.port).get("/health")?.status == 200)
            #expect(gateway.requests().map(\.path) == ["/health"])
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func aSlowBodyOfAClosingConnectionEndsWithIt() async throws {
        let settings = GatewaySettings { _ in .slow(over: .milliseconds(20)) }
        try await withGateway(settings) { gateway in
            let client = RawClient(port: gateway.port)
            client.post("/v1/completions", "{}", headers: "Connection: close\r\n")
            let response = try #require(client.response())
            #expect(response.status == 200)
            #expect(response.body.hasSuffix("}}"))
            #expect(client.receive() == [])
            #expect(gateway.requests().map(\.outcome) == [.answered(200)])
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func aSlowBodyKeepsItsConnectionForTheNextRequest() async throws {
        let settings = GatewaySettings { $0.number == 1 ? .slow(over: .milliseconds(20)) : nil }
        try await withGateway(settings) { gateway in
            let client = RawClient(port: gateway.port)
            for _ in 1...2 {
                client.post("/v1/completions", "{}")
                #expect(client.response()?.status == 200)
            }
            #expect(gateway.requests().map(\.connection) == [1, 1])
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func heldRequestsWaitAndAreAllAnsweredWhenReleased() async throws {
        try await withGateway(GatewaySettings(maxConcurrency: 3)) { gateway in
            await gateway.hold()
            let clients = (0..<200).map { _ in RawClient(port: gateway.port) }
            for client in clients { client.post("/v1/completions", "{}") }
            let requests = try await gateway.recorder.requests(atLeast: 200)
            #expect(requests.allSatisfy { $0.outcome == .open })
            await gateway.release()
            #expect(clients.allSatisfy { $0.response()?.status == 200 })
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func keepsNoRequestsWhenItDoesNotRecord() async throws {
        try await withGateway(GatewaySettings(records: false)) { gateway in
            let client = RawClient(port: gateway.port)
            client.post("/v1/completions", "{}")
            #expect(client.response()?.status == 200)
            #expect(gateway.requests().isEmpty)
            // Probes are no inferences.
            #expect(client.get("/health")?.status == 200)
            let counts = try #require(client.get("/metrics")).body
            #expect(counts.contains("gateway_sim_requests_total{outcome=\"200\"} 1"))
        }
    }

    @Test(.timeLimit(.minutes(1)), arguments: ["127.0.0.1", "localhost", "0.0.0.0"])
    func listensWhereItIsTold(host: String) async throws {
        let gateway = try await GatewaySimulator.start(host: host)
        #expect(gateway.url == "http://\(host):\(gateway.port)")
        #expect(RawClient(port: gateway.port).get("/health")?.status == 200)
        await gateway.stop()
    }

    @Test(.timeLimit(.minutes(1)))
    func saysWhenAHostIsNone() async throws {
        let error = await #expect(throws: GatewaySimulatorError.self) {
            try await GatewaySimulator.start(host: "no such host")
        }
        #expect(error?.call == "getaddrinfo no such host")
    }
}

extension RawClient {
    /// Reads one answer and returns how long its body is; keeps none of it.
    func length() -> Int {
        var head: [UInt8] = []
        var total = 0
        var wanted: Int?
        while let bytes = receive(), !bytes.isEmpty {
            total += bytes.count
            if wanted == nil {
                head += bytes
                let text = String(decoding: head, as: UTF8.self)
                if let end = text.firstRange(of: "\r\n\r\n"),
                    let line = text.split(separator: "\r\n").first(where: { $0.hasPrefix("Content-Length: ") }),
                    let length = Int(line.dropFirst(16))
                {
                    total -= text[..<end.upperBound].utf8.count
                    wanted = length
                }
            }
            if total == wanted { return total }
        }
        return -1
    }
}
