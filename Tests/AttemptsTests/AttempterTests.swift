import GatewaySimulator
import HTTP
import Loop
import Messages
import Testing

@testable import Attempts

@PipelineActor
@Suite(.timeLimit(.minutes(1)))
struct AttempterTests {
    @Test
    func bringsBackTheEnvelopeWithTheAnswer() async throws {
        let gateway = try await GatewaySimulator.start(
            GatewaySettings { _ in .response(200, headers: [], body: Array("answer".utf8)) })
        let bench = try AttemptBench()
        var envelope = bench.envelope(gateway.url + "/v1/completions")
        envelope.headers = [HeaderField("Content-Type", "application/json"), HeaderField("x-objective", "batch")]
        envelope.payload = Array(#"{ "prompt" : "x" }"#.utf8)[...]
        let done = await bench.attempt(envelope)

        var expected = envelope
        expected.progress = .ended(.result(.answer(statusCode: 200, body: Array("answer".utf8)[...])))
        #expect(done == expected)
        let request = try #require(gateway.requests().first)
        #expect(request.body == Array(envelope.payload))
        #expect(request.path == "/v1/completions")
        #expect(request.header("x-objective") == "batch")
        #expect(bench.observations.map(\.attemptClass) == [.succeeded])
        #expect(bench.observations.map(\.finding) == [.answered(200)])
        #expect((bench.observations.first?.latency ?? .zero) > .zero)
        await gateway.stop()
    }

    @Test(arguments: [
        (GatewayAnswer.refusal(429, retryAfter: "3"), 429 as Int?, 3000 as Int64?, AttemptOutcome.Class.shed),
        (.refusal(503, retryAfter: nil), 503, nil, .failed), (.cutBeforeAnswer, nil, nil, .unanswered),
        (.cutInBody, nil, nil, .unanswered), (.silent, nil, nil, .unanswered),
        (.slow(over: .seconds(30)), nil, nil, .unanswered),
    ])
    func passesAFailureOnToBeDecided(
        answer: GatewayAnswer, status: Int?, retryAfter: Int64?, attemptClass: AttemptOutcome.Class
    ) async throws {
        let gateway = try await GatewaySimulator.start(GatewaySettings { _ in answer })
        let endsByItself = ![.silent, .slow(over: .seconds(30))].contains(answer)
        let bench = try AttemptBench(requestTimeout: .seconds(endsByItself ? 20 : 2))
        let done = await bench.attempt(bench.envelope(gateway.url + "/v1/completions"))
        guard case .failed(let attempt) = done.progress else {
            Issue.record("\(done.progress)")
            return
        }
        #expect(attempt.statusCode == status)
        #expect(attempt.retryAfterMilliseconds == retryAfter)
        #expect(attempt.reason.hasPrefix("POST \(gateway.url)/v1/completions: "))
        #expect(bench.observations.map(\.attemptClass) == [attemptClass])
        #expect(gateway.requests().count == 1)
        await gateway.stop()
    }

    @Test
    func startsNothingAfterTheDeadline() async throws {
        let gateway = try await GatewaySimulator.start()
        let bench = try AttemptBench(now: 2_000_001)
        var envelope = bench.envelope(gateway.url + "/v1/completions")
        envelope.deadline = 2000
        let done = await bench.attempt(envelope)
        #expect(done.progress == AttemptOutcome.deadlineOver.progress)
        #expect(gateway.requests().isEmpty)
        #expect(bench.observations == [.init(attemptClass: .deadlineExceeded, finding: .none, latency: .zero)])
        await gateway.stop()
    }

    @Test
    func limitsAnAttemptToTheTimeLeft() async throws {
        let gateway = try await GatewaySimulator.start(GatewaySettings { _ in .silent })
        let bench = try AttemptBench(now: 1_999_800)
        var envelope = bench.envelope(gateway.url + "/v1/completions")
        envelope.deadline = 2000
        let start = ContinuousClock.now
        let done = await bench.attempt(envelope)
        #expect(bench.observations.map(\.attemptClass) == [.unanswered])
        #expect(.now - start >= .milliseconds(200))
        #expect(.now - start < .seconds(10))
        #expect(done.deadline == 2000)
        await gateway.stop()
    }

    @Test
    func sendsTheStagesTokenAndNotTheMessages() async throws {
        let gateway = try await GatewaySimulator.start()
        let file = try TokenFile("stage")
        let bench = try AttemptBench(token: GatewayToken(path: file.path, warn: { _ in }))
        var envelope = bench.envelope(gateway.url + "/v1/completions")
        envelope.headers = [HeaderField("authorization", "Bearer message")]
        let done = await bench.attempt(envelope)
        let sent = gateway.requests().first?.headers.filter { $0.name.lowercased() == "authorization" }
        #expect(sent == [HeaderField("Authorization", "Bearer stage")])
        #expect(done.headers == envelope.headers)
        await gateway.stop()
    }

    @Test
    func abortsAnAnswerThatIsTooLarge() async throws {
        let gateway = try await GatewaySimulator.start(
            GatewaySettings { _ in .response(200, headers: [], body: [UInt8](repeating: 0, count: 2000)) })
        let bench = try AttemptBench(maxResponseBytes: 1999)
        let done = await bench.attempt(bench.envelope(gateway.url + "/v1/completions"))
        guard case .ended(.result(.failure(.inferenceError, let message))) = done.progress else {
            Issue.record("\(done.progress)")
            return
        }
        #expect(message.contains("larger than 1999 bytes"))
        await gateway.stop()
    }

    @Test(arguments: [("no URL", []), ("http://127.0.0.1:1/", [HeaderField("x", "a\r\nb: c")])])
    func refusesWhatCannotBeSent(url: String, headers: [HeaderField]) async throws {
        let bench = try AttemptBench()
        var envelope = bench.envelope(url)
        envelope.headers = headers
        guard case .ended(.result(.failure(.invalidRequest, _))) = await bench.attempt(envelope).progress else {
            Issue.record("it was not refused")
            return
        }
        #expect(bench.attempter.free == 8)
    }

    @Test
    func countsItsPlacesAndGivesThemBack() async throws {
        let gateway = try await GatewaySimulator.start()
        let bench = try AttemptBench(concurrency: 64)
        var envelope = bench.envelope(gateway.url + "/v1/completions")
        let results = bench.start((0..<60).map { _ in envelope })
        envelope.deadline = 0
        let late = bench.start([envelope, envelope])
        #expect(bench.attempter.free == 2)
        #expect(bench.attempter.active == 62)
        #expect(results.envelopes.isEmpty && late.envelopes.isEmpty)
        while results.envelopes.count < 60 || late.envelopes.count < 2 { try await Task.sleep(for: .milliseconds(2)) }
        #expect(bench.attempter.free == 64)
        await gateway.stop()
    }

    @Test
    func abortsWhatIsUnderWayWithoutCallingBack() async throws {
        let gateway = try await GatewaySimulator.start(GatewaySettings { $0.text == "{}" ? .silent : nil })
        let bench = try AttemptBench()
        let results = bench.start((0..<5).map { _ in bench.envelope(gateway.url + "/v1/completions") })
        while gateway.requests().count < 5 { try await Task.sleep(for: .milliseconds(2)) }
        #expect(bench.attempter.abortAll() == 5)
        #expect(bench.attempter.abortAll() == 0)
        #expect(bench.attempter.free == 8)
        while gateway.requests().contains(where: { $0.outcome != .abandoned }) {
            try await Task.sleep(for: .milliseconds(2))
        }
        var next = bench.envelope(gateway.url + "/v1/completions")
        next.payload = Array(#"{"prompt":"x"}"#.utf8)[...]
        guard case .ended(.result(.answer(200, _))) = await bench.attempt(next).progress else {
            Issue.record("nothing can be sent any more")
            return
        }
        #expect(results.envelopes.isEmpty)
        #expect(bench.observations.count == 1)
        await gateway.stop()
    }
}
