import GateRules
import Logging
import Loop
import Messages
import PipelineMetrics
import Queue
import Redis
import Synchronization
import TestServers
import Testing

@testable import EmitStage

/// Charging with a real Redis; the settling is the test.
@PipelineActor
struct TokenChargesTests {
    @Test(.timeLimit(.minutes(1)))
    func addsPromptAndAnswerToEachQuotaAndCountsThemOnce() async throws {
        let server = try await RedisServer()
        let minute = quota(server)
        let day = quota(server) { $0.window = .seconds(86400) }
        let bench = try Bench(.all([.quota(minute), .quota(day)]))
        for _ in 0..<50 {
            bench.settle([minute.tokensKey(for: "a"), day.tokensKey(for: "a")], TokenUsage(prompt: 10, completion: 30))
        }
        bench.settle([minute.tokensKey(for: "b")], TokenUsage(prompt: 1))
        bench.settle([minute.tokensKey(for: "c")], TokenUsage())
        try await bench.expectCharged()
        #expect(try used(server, minute, "a").map { $0 > 1800 && $0 <= 2000 } == true)
        #expect(try used(server, day, "a").map { $0 > 1999 && $0 <= 2000 } == true)
        #expect(try used(server, minute, "c") == nil)
        #expect(bench.tokens(of: "a") == "2000")
        #expect(bench.tokens(of: "b") == "1")
        #expect(bench.tokens(of: "c") == nil)
        #expect(Set(TokenCounters.Loss.allCases.map { bench.lost($0) }) == ["0"])
        #expect(bench.log.count("warning") == 0)
    }

    /// Settled with an answer: one that counts nothing is seen, whatever its quota costs.
    @Test(.timeLimit(.minutes(1)))
    func countsAnswersThatCountNoTokens() async throws {
        let server = try await RedisServer()
        let quota = quota(server)
        let bench = try Bench(.quota(quota))
        #expect(bench.unmeasured == "0")
        bench.settle([quota.tokensKey(for: "a")], TokenUsage())
        bench.settle([quota.tokensKey(for: "")], TokenUsage())
        bench.settle([quota.tokensKey(for: "")], TokenUsage(), status: 400)
        bench.settle([quota.tokensKey(for: "")], TokenUsage(completion: 30))
        #expect(bench.unmeasured == "2")
        try await bench.expectCharged()
        #expect(try used(server, quota, "").map { $0 > 20 && $0 <= 30 } == true)
        #expect(bench.lost(.unknown) == "0")
        #expect(bench.log.count("warning") == 0)
    }

    @Test(.timeLimit(.minutes(1)))
    func keepsTheTokensWhileRedisIsAwayAndSaysItOnce() async throws {
        let server = try await RedisServer()
        let quota = quota(server)
        let bench = try Bench(.quota(quota))
        server.kill()
        for number in 0..<30 {
            bench.settle([quota.tokensKey(for: "\(number % 3)")], TokenUsage(completion: 10))
            try await Task.sleep(for: .milliseconds(100))
        }
        #expect(bench.charges.waitingTokens == 300)
        #expect(bench.log.count("Quotas cannot be charged") == 1)
        try await server.start()
        try await bench.expectCharged()
        for value in 0..<3 { #expect(try used(server, quota, "\(value)").map { $0 > 90 && $0 <= 100 } == true) }
        #expect(bench.log.count("Quotas are charged again") == 1)
        #expect(bench.lost(.away) == "0")
        #expect(bench.log.count("Quotas cannot be charged") == 1)
    }

    /// The batch that it was asked for is carried out once it goes on, and asked for again meanwhile.
    @Test(.timeLimit(.minutes(1)))
    func chargesOnceThoughRedisStoodStill() async throws {
        let server = try await RedisServer()
        let quota = quota(server) { $0.window = .seconds(86400) }
        let bench = try Bench(.quota(quota))
        bench.settle([quota.tokensKey(for: "a")], TokenUsage(completion: 10))
        try await bench.expectCharged()
        server.freeze()
        bench.settle([quota.tokensKey(for: "a")], TokenUsage(completion: 100))
        try await eventually("it is noticed") { bench.log.count("Quotas cannot be charged") == 1 }
        bench.settle([quota.tokensKey(for: "a")], TokenUsage(completion: 1000))
        server.thaw()
        try await bench.expectCharged()
        #expect(try used(server, quota, "a").map { $0 > 1109 && $0 <= 1110 } == true)
    }

    @Test(.timeLimit(.minutes(1)))
    func countsWhatItHasNoRoomFor() async throws {
        let server = try await RedisServer()
        let quota = quota(server)
        let bench = try Bench(.quota(quota))
        server.kill()
        for number in 0..<5000 { bench.settle([quota.tokensKey(for: "\(number)")], TokenUsage(completion: 2)) }
        #expect(bench.charges.waitingTokens == 2 * 4096)
        #expect(bench.lost(.away) == "\(2 * (5000 - 4096))")
        #expect(bench.log.count("Tokens were not charged to quotas") == 1)
        await bench.charges.finish()
        #expect(bench.lost(.away) == "10000")
    }

    @Test(.timeLimit(.minutes(1)))
    func chargesWhatIsLeftWhenItEnds() async throws {
        let server = try await RedisServer()
        let quota = quota(server) { $0.window = .seconds(86400) }
        let bench = try Bench(.quota(quota))
        for number in 0..<900 { bench.settle([quota.tokensKey(for: "\(number)")], TokenUsage(completion: 2)) }
        await bench.charges.finish()
        #expect(bench.charges.waitingTokens == 0)
        #expect(try RedisConnection(server.url).send(RedisCommand("DBSIZE")).integer == 900)
    }

    @Test(.timeLimit(.minutes(1)))
    func losesWhatRedisRefusesAndNothingElse() async throws {
        let server = try await RedisServer()
        let quota = quota(server)
        let bench = try Bench(.quota(quota))
        _ = try RedisConnection(server.url).send(RedisCommand("SET", quota.tokensKey(for: "a"), "x"))
        bench.settle([quota.tokensKey(for: "a")], TokenUsage(completion: 7))
        bench.settle([quota.tokensKey(for: "b")], TokenUsage(completion: 8))
        try await bench.expectCharged()
        #expect(bench.lost(.refused) == "7")
        #expect(bench.log.count("WRONGTYPE") == 1)
        #expect(try used(server, quota, "b").map { $0 > 7 && $0 <= 8 } == true)
    }

    @Test(.timeLimit(.minutes(1)))
    func namesTheFlagOnceWhereOnlyIngestKnowsTheQuota() async throws {
        let bench = try Bench(.constant)
        #expect(bench.charges.waitingTokens == nil)
        #expect(bench.lost(.unknown) == nil)
        for _ in 0..<3 { bench.settle(["quota:userid:a:tokens:1/1s"], TokenUsage(prompt: 2, completion: 2)) }
        #expect(bench.lost(.unknown) == "12")
        #expect(bench.log.count("--queues-config-file") == 1)
    }

    @Test(.timeLimit(.minutes(1)))
    func showsSixtyFourValuesAndTheOthersTogether() async throws {
        let server = try await RedisServer()
        let quota = quota(server)
        let bench = try Bench(.quota(quota))
        for number in 0..<100 { bench.settle([quota.tokensKey(for: "user-\(number)")], TokenUsage(prompt: 1)) }
        bench.settle([quota.tokensKey(for: "user-0")], TokenUsage(prompt: 1))
        #expect(bench.tokens(of: "user-0") == "2")
        #expect(bench.tokens(of: "user-63") == "1")
        #expect(bench.tokens(of: "user-64") == nil)
        #expect(bench.tokens(of: "other") == "36")
        await bench.charges.finish()
    }

    private func quota(
        _ server: RedisServer, _ change: (inout QuotaSettings) -> Void = { _ in }
    ) -> QuotaSettings {
        var quota = QuotaSettings(address: "127.0.0.1:\(server.port)", limit: 100)
        quota.mode = .tokens
        change(&quota)
        return quota
    }

    private func used(_ server: RedisServer, _ quota: QuotaSettings, _ value: String) throws -> Double? {
        try RedisConnection(server.url).send(RedisCommand("HGET", quota.tokensKey(for: value), "used")).text
            .flatMap(Double.init)
    }
}

@PipelineActor
private func eventually(_ what: String, _ condition: @PipelineActor () throws -> Bool) async throws {
    let end = ContinuousClock.now + .seconds(20)
    while try !condition() {
        try #require(ContinuousClock.now < end, "not within 20 s: \(what)")
        try await Task.sleep(for: .milliseconds(5))
    }
}

@PipelineActor
private final class Bench {
    let charges: TokenCharges
    let log = Lines()
    private let registry = MetricsRegistry()

    init(_ gate: GateSettings) throws {
        let queue = QueueSettings(id: "q", name: "q", target: .url("http://gateway"), gate: gate)
        charges = try TokenCharges([queue], registry: registry, logger: log.logger)
    }

    func settle(_ keys: [String], _ tokens: TokenUsage, status: Int = 200) {
        charges.settled(
            Envelope(
                id: "1", queue: "q", receipt: Receipt("r"), charges: keys, tokens: tokens,
                progress: .ended(.result(.answer(statusCode: status, body: [])))))
    }

    func expectCharged() async throws { try await eventually("all is charged") { charges.waitingTokens == 0 } }

    func tokens(of value: String) -> String? {
        line(#"async_processor_quota_tokens_total{queue="q",attribute="userid",value="\#(value)"} "#)
    }

    func lost(_ loss: TokenCounters.Loss) -> String? {
        line(#"async_processor_quota_uncharged_tokens_total{reason="\#(loss.rawValue)"} "#)
    }

    var unmeasured: String? { line(#"async_processor_quota_unmeasured_answers_total{queue="q"} "#) }

    /// What stands behind the start of a line of metrics.
    private func line(_ start: String) -> String? {
        var text: [UInt8] = []
        registry.emit(into: &text)
        return String(decoding: text, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix(start) }
            .map { String($0.dropFirst(start.count)) }
    }
}

/// What was logged.
private final class Lines: Sendable {
    private let lines = Mutex<[String]>([])

    func count(_ text: String) -> Int { lines.withLock { $0.count { $0.contains(text) } } }

    var logger: Logger { Logger(label: "emit") { _ in Handler(lines: self) } }

    private struct Handler: LogHandler {
        let lines: Lines
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            lines.lines.withLock { $0.append("\(event.level) \(event.message) \(event.metadata ?? [:])") }
        }
    }
}
