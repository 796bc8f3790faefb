import Messages
import Testing

@testable import GatewaySimulator

struct FaultTests {
    @Test(.timeLimit(.minutes(1)))
    func closesTheConnectionBeforeTheAnswer() async throws {
        try await withGateway(GatewaySettings(faults: FaultShares(cutBeforeAnswer: 1))) { gateway in
            let client = RawClient(port: gateway.port)
            client.post("/v1/completions", "{}")
            #expect(client.response() == nil)
            #expect(client.rest == "")
            #expect(gateway.requests().map(\.outcome) == [.cut])
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func closesTheConnectionInTheMiddleOfTheBody() async throws {
        try await withGateway(GatewaySettings(faults: FaultShares(cutInBody: 1))) { gateway in
            let client = RawClient(port: gateway.port)
            client.post("/v1/completions", "{}")
            #expect(client.response() == nil)
            let parts = client.rest.split(separator: "\r\n\r\n", maxSplits: 1)
            #expect(parts.count == 2)
            #expect(parts.first?.hasPrefix("HTTP/1.1 200 OK") == true)
            #expect(parts.last?.hasPrefix("{\"id\":\"cmpl-") == true)
            #expect(gateway.requests().map(\.outcome) == [.cut])
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func tricklesASlowBody() async throws {
        let settings = GatewaySettings(faults: FaultShares(slow: 1), slowBody: .milliseconds(200))
        try await withGateway(settings) { gateway in
            let client = RawClient(port: gateway.port)
            let start = ContinuousClock.now
            client.post("/v1/completions", "{}")
            let first = try #require(client.receive())
            #expect(String(decoding: first, as: UTF8.self).hasSuffix("\r\n\r\n"))
            #expect(client.receive() != nil)
            var received = 0
            while ContinuousClock.now - start < .milliseconds(180) { received += try #require(client.receive()).count }
            #expect(received > 0)
            _ = try await gateway.outcomes { $0 == [.answered(200)] }
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func neverAnswersWhenSilentAndNoticesThatTheClientWent() async throws {
        try await withGateway(GatewaySettings(maxConcurrency: 1, faults: FaultShares(silent: 1))) { gateway in
            let client = RawClient(port: gateway.port)
            client.post("/v1/completions", "{}")
            _ = try await gateway.recorder.requests(atLeast: 1)
            let monitor = RawClient(port: gateway.port)
            #expect(
                monitor.get("/metrics")?.body.contains("vllm:num_requests_running{model_name=\"food-review-1\"} 1")
                    == true)
            #expect(gateway.requests().map(\.outcome) == [.open, .answered(200)])
            client.close()
            _ = try await gateway.outcomes { $0.first == .abandoned }
            #expect(
                monitor.get("/metrics")?.body.contains("num_requests_running{model_name=\"food-review-1\"} 0") == true)
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func shedsAboveItsConcurrency() async throws {
        let settings = GatewaySettings(maxConcurrency: 2, overload: .shed, retryAfter: "1") { _ in .silent }
        try await withGateway(settings) { gateway in
            let clients = (0..<3).map { _ in RawClient(port: gateway.port) }
            for client in clients {
                client.post("/v1/completions", "{}")
                _ = try await gateway.recorder.requests(atLeast: 1)
            }
            _ = try await gateway.recorder.requests(atLeast: 3)
            let outcomes = try await gateway.outcomes { $0.contains { $0 != .open } }
            #expect(outcomes.filter { $0 == .answered(429) }.count == 1)
            #expect(outcomes.filter { $0 == .open }.count == 2)
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func letsRequestsWaitAboveItsConcurrencyInTheirOrder() async throws {
        let settings = GatewaySettings(maxConcurrency: 1) { $0.number == 1 ? .silent : nil }
        try await withGateway(settings) { gateway in
            let clients = (0..<3).map { _ in RawClient(port: gateway.port) }
            for (number, client) in clients.enumerated() {
                client.post("/v1/completions", "{}")
                _ = try await gateway.recorder.requests(atLeast: number + 1)
            }
            let gauges = try #require(RawClient(port: gateway.port).get("/metrics")).body
            #expect(gauges.contains("vllm:num_requests_waiting{model_name=\"food-review-1\"} 2"))
            #expect(gateway.requests().prefix(3).map(\.outcome) == [.open, .open, .open])
            clients[0].close()
            #expect(clients[1].response()?.status == 200)
            #expect(clients[2].response()?.status == 200)
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func aWaitingRequestWhoseClientWentTakesNoPlace() async throws {
        try await withGateway { gateway in
            await gateway.hold()
            let gone = RawClient(port: gateway.port)
            let patient = RawClient(port: gateway.port)
            gone.post("/v1/completions", "{}")
            patient.post("/v1/completions", "{}")
            _ = try await gateway.recorder.requests(atLeast: 2)
            gone.close()
            _ = try await gateway.outcomes { $0.contains(.abandoned) }
            #expect(gateway.requests().filter { $0.outcome == .open }.count == 1)
            await gateway.release()
            #expect(patient.response()?.status == 200)
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func aCancelledWaitForRequestsEnds() async throws {
        try await withGateway { gateway in
            let wait = Task { try await gateway.recorder.requests(atLeast: 1) }
            wait.cancel()
            await #expect(throws: CancellationError.self) { try await wait.value }
        }
    }

    @Test
    func sharesAreMetAndRepeatable() {
        let shares = FaultShares(
            shed: 0.1, unavailable: 0.05, cutBeforeAnswer: 0.02, cutInBody: 0.03, slow: 0.1, silent: 0.2)
        func draw(seed: UInt64) -> [GatewayAnswer] {
            (0..<20_000).map { key in
                var random = GatewayRandom(seed: seed, key: fingerprint("\(key)".utf8), attempt: 1)
                return shares.answer(drawn: random.uniform(), retryAfter: nil, slowBody: .seconds(1))
            }
        }
        let answers = draw(seed: 1)
        func share(_ answer: GatewayAnswer) -> Double { Double(answers.count { $0 == answer }) / 20_000 }
        #expect(abs(share(.refusal(429, retryAfter: nil)) - 0.1) < 0.01)
        #expect(abs(share(.refusal(503, retryAfter: nil)) - 0.05) < 0.01)
        #expect(abs(share(.cutBeforeAnswer) - 0.02) < 0.005)
        #expect(abs(share(.cutInBody) - 0.03) < 0.005)
        #expect(abs(share(.slow(over: .seconds(1))) - 0.1) < 0.01)
        #expect(abs(share(.silent) - 0.2) < 0.01)
        #expect(draw(seed: 1) == answers)
        #expect(draw(seed: 2) != answers)
    }

    @Test
    func anotherAttemptIsAnotherDraw() {
        var first = GatewayRandom(seed: 1, key: 7, attempt: 1)
        var second = GatewayRandom(seed: 1, key: 7, attempt: 2)
        #expect(first.uniform() != second.uniform())
    }

    @Test(arguments: [
        FaultShares(shed: 1.1), FaultShares(unavailable: -0.1), FaultShares(shed: 0.6, silent: 0.6),
        FaultShares(slow: .nan),
    ])
    func refusesSharesThatMakeNoSense(shares: FaultShares) { #expect(!shares.isValid) }

    @Test(.timeLimit(.minutes(1)))
    func theSameRequestMeetsTheSameFateWithTheSameSeed() async throws {
        func statuses() async throws -> [Int] {
            var statuses: [Int] = []
            try await withGateway(GatewaySettings(faults: FaultShares(shed: 0.3, unavailable: 0.3), seed: 5)) {
                gateway in
                let client = RawClient(port: gateway.port)
                for number in 0..<30 {
                    client.post("/v1/completions", "{}", headers: "X-Request-Id: r\(number % 10)\r\n")
                    statuses.append(client.response()?.status ?? 0)
                }
            }
            return statuses
        }
        let first = try await statuses()
        #expect(Set(first) == [200, 429, 503])
        #expect(try await statuses() == first)
    }
}

extension GatewaySimulator {
    /// Looks until the outcomes of all requests are as wanted; the test's time limit ends it.
    func outcomes(
        _ isWanted: ([GatewayRequest.Outcome]) -> Bool
    ) async throws -> [GatewayRequest.Outcome] {
        while true {
            let outcomes = requests().map(\.outcome)
            if isWanted(outcomes) { return outcomes }
            try await Task.sleep(for: .milliseconds(2))
        }
    }
}
