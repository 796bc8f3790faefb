import Foundation
import Messages
import Queue
import Redis
import RedisChannelSink
import RedisChannelSource
import TestServers
import Testing

@Suite(.timeLimit(.minutes(1)))
struct RedisChannelSinkTests {
    private static let result = Settlement.Action.result(Bytes(#"{"id":"a"}"#.utf8))

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

    @Test
    func refusesAResultTheUserMayNotPublishAndKeepsTheClaim() async throws {
        let channel = try await Channel()
        let source = try await channel.source()
        try channel.publish("a")
        let delivery = try await source.take(1)[0]
        try channel.redis("ACL", "SETUSER", "mute", "on", ">x", "~*", "resetchannels", "+@all")
        let mute = RedisChannelSink(url: try RedisURL("redis://mute:x@127.0.0.1:\(channel.server.port)"))
        guard case .refused = try await mute.settle([channel.settlement(delivery, Self.result)])[0] else {
            Issue.record("not refused")
            return
        }
        #expect(try await channel.sink().settle([channel.settlement(delivery, Self.result)]) == [.settled])
    }

    @Test
    func keepsEverythingForLaterWhileTheServerIsOutOfMemory() async throws {
        let channel = try await Channel()
        let source = try await channel.source()
        let sink = channel.sink()
        try channel.publish("a", "b")
        let deliveries = try await source.take(2)
        try channel.redis("CONFIG", "SET", "maxmemory", "1")
        let park = channel.settlement(deliveries[0], .park(afterMilliseconds: 0, failedAttempts: 1))
        await #expect {
            try await sink.settle([park])
        } throws: { error in
            "\(error)".contains("OOM") && (error as? QueueError)?.isTransient == true
        }
        #expect(await sink.health() != .reachable)
        // A result frees memory, and is let through.
        #expect(try await sink.settle([channel.settlement(deliveries[1], Self.result)]) == [.settled])
        try channel.redis("CONFIG", "SET", "maxmemory", "0")
        #expect(try await sink.settle([park]) == [.settled])
        #expect(await sink.health() == .reachable)
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
