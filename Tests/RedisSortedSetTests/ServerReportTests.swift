import Redis
import TestServers
import Testing

@testable import RedisSortedSetSource

@Suite(.timeLimit(.minutes(1)))
struct ServerReportTests {
    private static let sound = [
        "redis_version": "7.0.15", "uptime_in_seconds": "99", "role": "master", "aof_enabled": "1",
        "maxmemory": "0", "maxmemory_policy": "noeviction",
    ]

    private func report(_ changes: [String: String], save: String? = "3600 1") -> ServerReport {
        let facts = Self.sound.merging(changes) { $1 }
        return ServerReport(info: facts.map { "\($0):\($1)\r\n" }.joined(), save: save)
    }

    @Test
    func saysNothingOfASoundServer() {
        #expect(report([:]).warnings.isEmpty)
        #expect(report([:]).uptime == .seconds(99))
        #expect(report(["maxmemory_policy": "volatile-lru"]).warnings.isEmpty)
        #expect(report(["redis_version": "6.2.0"]).warnings.isEmpty)
    }

    @Test(arguments: [
        (["redis_version": "6.0.16"], "older than Redis 6.2"), (["redis_version": "5.0.14"], "older than Redis 6.2"),
        (["role": "slave", "master_host": "h"], "is a replica"), (["aof_enabled": "0"], "last snapshot"),
        (["maxmemory_policy": "allkeys-lru", "maxmemory": "100"], "drops whole queues"),
        (["maxmemory_policy": "allkeys-lfu"], "would drop whole queues"),
    ])
    func warnsOfWhatWillBite(_ changes: [String: String], words: String) throws {
        let warnings = report(changes).warnings
        #expect(warnings.count == 1)
        #expect(try #require(warnings.first).message.contains(words))
    }

    @Test
    func warnsOfAServerThatKeepsNothing() {
        #expect(report(["aof_enabled": "0"], save: "").warnings.map(\.message).first?.contains("every request") == true)
    }

    @Test
    func saysNothingWhereItMayNotAsk() {
        #expect(ServerReport(info: "", save: nil) == ServerReport(info: "", save: ""))
        #expect(ServerReport(info: "", save: nil).warnings.isEmpty)
    }

    @Test
    func readsARealServer() async throws {
        let server = try await RedisServer(arguments: ["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-random"])
        let report = try ServerReport(RedisClient(server.url))
        #expect(report.warnings.count == 2)
        #expect(try #require(report.uptime) < .seconds(60))
    }
}
