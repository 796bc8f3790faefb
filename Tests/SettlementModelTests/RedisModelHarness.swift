import Foundation
import Logging
import Messages
import Queue
import Redis
import RedisSortedSet
import RedisSortedSetSink
import RedisSortedSetSource
import SettlementModel
import Synchronization
import TestServers

/// A sorted set on a server that one harness at a time uses.
final class RedisModelHarness: SettlementHarness {
    let rules = SettlementRules(
        resubmission: .waitsForRecord, resultSettlesWaiting: false, releaseForgets: true, recoversLeases: true,
        lostReplyIsGap: true)
    let queue: String
    var destination: String { "\(queue) results" }

    private let server: RedisServer
    private let crashKey: String
    private let defect: SettlementDefect?
    private let scripts: RedisSortedSetScripts
    private let keys: RedisSortedSetKeys
    private let submissions = Mutex(0)

    init(_ server: RedisServer, defect: SettlementDefect? = nil, scripts: RedisSortedSetScripts = .standard) throws {
        self.server = server
        self.defect = defect
        queue = "model-\(UUID().uuidString.prefix(8))"
        crashKey = "\(queue) crash"
        keys = RedisSortedSetKeys(queue: queue, retrySet: "\(queue) retries")
        let scripts = try scripts.damaged(by: defect, crashKey: crashKey)
        self.scripts = scripts
        // A reply that is lost must be the reply to the script, not one that says it is unknown.
        let loads = [scripts.claim, scripts.renew, scripts.settle].map { RedisCommand("SCRIPT", "LOAD", $0.source) }
        for reply in try RedisConnection(server.url).send(loads) {
            if let error = reply.error { throw Violation(error) }
        }
    }

    /// A server for harnesses: it does not say how long it has been running, for a source takes over nothing from a
    /// server that has just been started.
    static func makeServer() async throws -> RedisServer {
        let server = try await RedisServer()
        _ = try RedisConnection(server.url).send(RedisCommand("ACL", "SETUSER", "default", "-info"))
        return server
    }

    func close() {
        do { _ = try RedisConnection(server.url).send(RedisCommand("FLUSHALL")) } catch {}
    }

    func makeSource() async throws -> any FaultySource {
        let proxy = try CuttingProxy(to: server.port)
        let settings = QueueSettings(
            id: queue, name: queue, retryQueue: keys.retrySet, target: .url("http://localhost"))
        let source = RedisSortedSetSource(
            url: proxy.url, queue: settings, settings: RedisSortedSetSettings(lease: .seconds(60)),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, scripts: scripts)
        try await source.connect()
        return ProxiedSource(base: source, proxy: proxy, scripts: scripts)
    }

    func makeSink() async throws -> any FaultySink {
        let proxy = try CuttingProxy(to: server.port)
        let sink = RedisSortedSetSink(url: proxy.url, script: scripts.settle)
        try await sink.connect()
        let crashes = defect == .recordedBeforeRemoval || defect == .removedBeforeRecord
        let (url, crashKey) = (server.url, crashKey)
        return ProxiedSink(base: sink) {
            if crashes {
                _ = try RedisConnection(url).send(RedisCommand("SET", crashKey, 1))
            } else {
                proxy.swallowReply(toRequestWith: self.scripts.settle.digest)
            }
        }
    }

    func submit(_ body: String) throws {
        let score = submissions.withLock { count in
            count += 1
            return 1_900_000_000 + count
        }
        _ = try RedisConnection(server.url).send(RedisCommand("ZADD", queue, score, body))
    }

    func resubmit(_ body: String) throws { try submit(body) }

    func expireLease(of body: String) throws {
        let past = Int64(Date().timeIntervalSince1970 * 1000) - 1
        let command = RedisCommand("ZADD", keys.leases, "XX", past, SHA1.hex(body.utf8))
        _ = try RedisConnection(server.url).send(command)
    }

    /// Writes down the new time where the old one stood: in the retry set and in the state.
    func makeDue(_ body: String) throws {
        let script = """
            local state = redis.call('HGET', KEYS[1], ARGV[1])
            local due, rest = string.match(state, '^P(%S+)( .*)$')
            for _, entry in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], due, due)) do
              if string.find(entry, ARGV[1], 1, true) then redis.call('ZADD', KEYS[2], ARGV[2], entry) end
            end
            redis.call('HSET', KEYS[1], ARGV[1], 'P' .. ARGV[2] .. rest)
            redis.call('ZADD', KEYS[3], ARGV[2], ARGV[1])
            """
        let past = String(format: "%.3f", Date().timeIntervalSince1970 - 0.001)
        let command = RedisCommand(
            "EVAL", script, 3, keys.state, keys.retrySet, keys.parked, SHA1.hex(body.utf8), past)
        _ = try RedisConnection(server.url).send(command)
    }

    func holder(of receipt: Receipt) -> String { RedisSortedSetReceipt(receipt)?.owner ?? "nobody" }

    func stored() throws -> StoredState {
        try RedisSnapshot(RedisConnection(server.url), keys, list: destination, others: [crashKey]).state()
    }
}

/// A source behind a proxy that cuts its connections.
struct ProxiedSource: FaultySource {
    let base: RedisSortedSetSource
    let proxy: CuttingProxy
    let scripts: RedisSortedSetScripts

    func loseReply(to call: LosableCall) {
        let script =
            switch call {
            case .lease: scripts.claim
            case .renew: scripts.renew
            case .release: scripts.settle
            }
        proxy.swallowReply(toRequestWith: script.digest)
    }

    /// Keeps the connections away until the source has noticed.
    func makeGap() async throws {
        proxy.close()
        defer { proxy.open() }
        let receipt = RedisSortedSetReceipt(
            submission: "none", born: "none", owner: "none", token: "",
            keys: RedisSortedSetKeys(queue: "", retrySet: ""))
        for _ in 0..<1000 {
            do throws(QueueError) { _ = try await base.renew([receipt.receipt]) } catch { return }
            try await Task.sleep(for: .milliseconds(1))
        }
        throw Violation("the source did not notice that the server was away")
    }

    func connect() async throws(QueueError) { try await base.connect() }

    func lease(limit: Int) async throws(QueueError) -> [Delivery] { try await base.lease(limit: limit) }

    func renew(_ receipts: [Receipt]) async throws(QueueError) -> [Receipt] { try await base.renew(receipts) }

    func release(_ receipts: [Receipt]) async throws(QueueError) { try await base.release(receipts) }

    func health() async -> QueueHealth { await base.health() }
}

struct ProxiedSink: FaultySink {
    let base: RedisSortedSetSink
    let lose: @Sendable () throws -> Void

    init(base: RedisSortedSetSink, lose: @escaping @Sendable () throws -> Void) {
        self.base = base
        self.lose = lose
    }

    func loseReply() throws { try lose() }

    func connect() async throws(QueueError) { try await base.connect() }

    func settle(_ batch: [Settlement]) async throws(QueueError) -> [SettlementStatus] { try await base.settle(batch) }

    func health() async -> QueueHealth { await base.health() }
}
