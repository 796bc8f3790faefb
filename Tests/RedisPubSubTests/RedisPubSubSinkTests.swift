import Foundation
import Messages
import Queue
import Redis
import RedisPubSubSink
import RedisPubSubSource
import RedisQueues
import TestServers
import Testing

@Suite(.timeLimit(.minutes(1)))
struct RedisPubSubSinkTests {
    private static let resultBytes = Bytes(#"{"id":"a"}"#.utf8)
    private static let result = Settlement.Action.result(resultBytes)

    @Test
    func refusesWhatTheServerWillRefuseAgain() async throws {
        let channel = try await Channel()
        let source = try await channel.source()
        let sink = channel.sink()
        try channel.publish("a", "b")
        let deliveries = try await source.take(2)
        try channel.redis("SET", "request-queue:dead-letter", "a string")
        try channel.redis("SET", "retry-sortedset", "a string")
        let statuses = try await sink.settle([
            channel.settlement(deliveries[0], .deadLetter(reason: "r", result: Bytes("x".utf8))),
            channel.settlement(deliveries[1], .park(afterMilliseconds: 0, failedAttempts: 1)),
        ])
        for status in statuses {
            guard case .refused(let reason) = status else {
                Issue.record("\(status)")
                continue
            }
            #expect(reason.contains("WRONGTYPE"))
        }
        #expect(channel.results.heard.isEmpty)
        #expect(try await source.renew(deliveries.map(\.receipt)) == [])
        #expect(try await sink.settle(deliveries.map { channel.settlement($0, Self.result) }) == [.settled, .settled])
    }

    /// Where the message itself names the channel, it is its producer's affair; else somebody mends it.
    @Test
    func waitsForARightToPublishButNotWhereAMessageSays() async throws {
        let channel = try await Channel()
        let source = try await channel.source()
        try channel.publish("a", "b", "c")
        var settlements = try await source.take(3).map { channel.settlement($0, Self.result) }
        settlements[0].destination = "elsewhere"
        settlements[1].destination = "allowed"
        try channel.redis("ACL", "SETUSER", "mute", "on", ">x", "~*", "resetchannels", "&allowed", "+@all")
        let mute = RedisPubSubSink(url: try RedisURL("redis://mute:x@127.0.0.1:\(channel.server.port)"))
        let statuses = try await mute.settle(settlements)
        guard case .refused = statuses[0], statuses[1] == .settled, case .delayed = statuses[2] else {
            Issue.record("\(statuses)")
            return
        }
        #expect(await mute.health() != .reachable)
        try channel.redis("ACL", "SETUSER", "mute", "allchannels")
        #expect(try await mute.settle(settlements) == [.settled, .stale, .settled])
        #expect(await mute.health() == .reachable)
        try await eventually("result") { channel.results.heard.count == 1 }
    }

    /// It moves what is there already; a server without memory refuses only a script's first write.
    @Test
    func settlesEverythingWithoutMemory() async throws {
        let channel = try await Channel()
        let source = try await channel.source()
        let sink = channel.sink()
        try channel.publish("a", "b", "c")
        let deliveries = try await source.take(3)
        try channel.redis("CONFIG", "SET", "maxmemory", "1")
        let batch = [
            channel.settlement(deliveries[0], .park(afterMilliseconds: 60_000, failedAttempts: 1)),
            channel.settlement(deliveries[1], Self.result),
            channel.settlement(deliveries[2], .deadLetter(reason: "r", result: Bytes("x".utf8))),
        ]
        #expect(try await sink.settle(batch) == [.settled, .settled, .settled])
        #expect(try channel.count("ZCARD", "retry-sortedset") == 1)
        #expect(try channel.count("LLEN", "request-queue:dead-letter") == 1)
        #expect(await sink.health() == .reachable)
    }

    @Test(arguments: [
        "request-queue", "retry-sortedset", "request-queue:dead-letter", "retry-sortedset:heard:request-queue",
        "another process's queue",
    ])
    func publishesNoResultWhereRequestsAre(destination: String) async throws {
        let channel = try await Channel()
        var served = ServedNames(["another process's queue"])
        try served.note(RedisClient(channel.server.url))
        let source = try await channel.source()
        let sink = channel.sink()
        try channel.publish("a", "b")
        let deliveries = try await source.take(2)
        var settlements = deliveries.map { channel.settlement($0, Self.result) }
        settlements[0].destination = destination
        let statuses = try await sink.settle(settlements)
        guard case .refused(let reason) = statuses[0], statuses[1] == .settled else {
            Issue.record("\(statuses)")
            return
        }
        #expect(reason.contains(destination))
        settlements[0].action = .deadLetter(reason: reason, result: nil)
        #expect(try await sink.settle([settlements[0]]) == [.settled])
        #expect(try channel.count("LLEN", "request-queue:dead-letter") == 1)
        #expect(source.counts.heard == 2)
    }

    /// A script may stop at any command for want of a right; what it has done by then must be harmless when it is repeated.
    @Test(arguments: ["hdel", "zrem", "zadd", "rpush", "publish", "hget", "hexists", "time"])
    func losesAndRepeatsNothingForWantOfARight(command: String) async throws {
        let channel = try await Channel()
        let source = try await channel.source()
        try channel.publish("a", "b", "c")
        let deliveries = try await source.take(3)
        let batch = [
            channel.settlement(deliveries[0], Self.result),
            channel.settlement(deliveries[1], .park(afterMilliseconds: 60_000, failedAttempts: 1)),
            channel.settlement(deliveries[2], .deadLetter(reason: "r", result: Self.resultBytes)),
        ]
        try channel.redis("ACL", "SETUSER", "poor", "on", ">x", "allkeys", "allchannels", "+@all", "-" + command)
        let sink = RedisPubSubSink(url: try RedisURL("redis://poor:x@127.0.0.1:\(channel.server.port)"))
        for _ in 0..<3 {
            for status in try await sink.settle(batch) {
                if case .refused(let reason) = status { Issue.record("\(reason)") }
            }
        }
        try channel.redis("ACL", "SETUSER", "poor", "+@all")
        #expect(try await sink.settle(batch).allSatisfy { $0 == .settled || $0 == .stale })
        #expect(try await sink.settle(batch) == [.stale, .stale, .stale])
        try await eventually("results") { channel.results.heard.count >= (command == "publish" ? 1 : 2) }
        #expect(channel.results.heard.count == (command == "publish" ? 1 : 2))
        #expect(try channel.count("ZCARD", "retry-sortedset") == 1)
        #expect(try channel.count("LLEN", "request-queue:dead-letter") == 1)
        #expect(try channel.count("EXISTS", "retry-sortedset:claimed") == 0)
    }

    @Test
    func writesNothingOnAReplica() async throws {
        let channel = try await Channel()
        let source = try await channel.source()
        let sink = channel.sink()
        try channel.publish("a")
        let settlement = channel.settlement(try await source.take(1)[0], Self.result)
        try channel.redis("REPLICAOF", "127.0.0.1", "\(try freePort())")
        await #expect(throws: QueueError.self) { try await sink.settle([settlement]) }
        #expect(channel.results.heard.isEmpty)
        try channel.redis("REPLICAOF", "NO", "ONE")
        #expect(try await sink.settle([settlement]) == [.settled])
        try await eventually("result") { channel.results.heard.count == 1 }
    }

    @Test
    func publishesWhereTheRequestSays() async throws {
        let channel = try await Channel()
        let listener = try await ChannelListener(channel.server.url, channel: "elsewhere")
        let source = try await channel.source()
        try channel.publish("a", "b")
        var settlements = try await source.take(2).map { channel.settlement($0, Self.result) }
        settlements[1].destination = "elsewhere"
        #expect(try await channel.sink().settle(settlements) == [.settled, .settled])
        try await eventually("results") { channel.results.heard.count == 1 && listener.heard.count == 1 }
    }

    @Test
    func writesADeadLetterThatTellsWhatHappened() async throws {
        let channel = try await Channel()
        let source = try await channel.source()
        let sink = channel.sink()
        let message = #"{"id":"a",  "payload":{"x":1.0,"quote":"\""}}"#
        try channel.publish(message)
        let park = channel.settlement(try await source.take(1)[0], .park(afterMilliseconds: 0, failedAttempts: 3))
        #expect(try await sink.settle([park]) == [.settled])
        var letter = channel.settlement(
            try await source.take(1)[0], .deadLetter(reason: "too \"often\"", result: Bytes("the answer".utf8)))
        letter.id = "a"
        #expect(try await sink.settle([letter, letter]) == [.settled, .stale])
        try await eventually("result") { channel.results.heard == [Array("the answer".utf8)] }
        let documents = try #require(try channel.redis("LRANGE", "request-queue:dead-letter", "0", "-1").array)
        #expect(documents.count == 1)
        let json = try #require(
            JSONSerialization.jsonObject(with: Data(documents[0].bytes ?? [])) as? [String: Any])
        #expect(json["queue"] as? String == "request-queue")
        #expect(json["id"] as? String == "a")
        #expect(json["reason"] as? String == "too \"often\"")
        #expect(json["attempts"] as? Int == 3)
        #expect(json["deliveries"] as? Int == 0)
        #expect(json["body"] as? String == message)
        let time = try #require(json["time"] as? Double)
        #expect(abs(time - Date().timeIntervalSince1970) < 10)
    }
}
