import Foundation
import Messages
import Queue
import Redis
import RedisPubSubSink
import RedisPubSubSource
import TestServers
import Testing

@Suite(.timeLimit(.minutes(1)))
struct RetrySetTests {
    private static let key = "retry-sortedset"
    private static let foreign = [
        #"{"internal":{"retry_count":1,"request_queue_name":"other","transport_correlation_id":"x"},"#
            + #""request_kind":"redis","data":{"id":"a"}}"#,
        #"{"internal":{"request_queue_name":"other"},"request_kind":"plain","data":{"id":"b"}}"#,
        #"{"id":"c","metadata":{"queue_name":"other"},"retry_count":2}"#,
        #"{"request_kind":"redis","data":{"id":"d","metadata":{"queue_name":"other"}}}"#,
    ]
    private static let ours = [
        #"{"internal":{"retry_count":1,"request_queue_name":"request-queue","labels":{"t":"x"}},"#
            + #""request_kind":"redis","data":{"id":"a"}}"#,
        #"{"id":"c","metadata":{"queue_name":"request-queue"},"retry_count":2}"#,
        #"{"id":"nameless"}"#,
        "garbage",
    ]

    @Test
    func storesARetryAsOtherProgramsReadIt() async throws {
        let channel = try await Channel()
        let source = try await channel.source()
        let message = #"{ "id":"a","deadline":"1893456000","payload":{"seed":9007199254740993,"x":1.0}}"#
        try channel.publish(message)
        let delivery = try await source.take(1)[0]
        let before = try now(channel)
        let park = channel.settlement(delivery, .park(afterMilliseconds: 3000, failedAttempts: 1))
        #expect(try await channel.sink().settle([park]) == [.settled])
        let members = try #require(try channel.redis("ZRANGE", Self.key, "0", "-1", "WITHSCORES").array)
        #expect(members.count == 2)
        let score = try #require(members[1].text.flatMap { Double($0) })
        #expect((before + 3...before + 4).contains(score))
        let entry = try #require(members[0].text)
        let json = try #require(JSONSerialization.jsonObject(with: Data(entry.utf8)) as? [String: Any])
        let inside = try #require(json["internal"] as? [String: Any])
        #expect(inside["retry_count"] as? Int == 1)
        #expect(inside["request_queue_name"] as? String == "request-queue")
        #expect(json["request_kind"] as? String == "redis")
        #expect(entry.hasSuffix(#","request_kind":"redis","data":"# + message + "}"))
        for key in ["claimed", "leases", "owners", "deliveries"] {
            #expect(try channel.redis("EXISTS", "\(Self.key):\(key)").integer == 0)
        }
    }

    @Test
    func keepsAnEnvelopesOtherFields() async throws {
        let channel = try await Channel()
        let source = try await channel.source()
        let sink = channel.sink()
        try channel.publish(
            #"{"internal":{"labels":{"env":"prod"},"result_queue_name":"r"},"request_kind":"redis","data":{"id":"a"}}"#)
        for attempts in 1...2 {
            let delivery = try await source.take(1)[0]
            #expect(delivery.failedAttempts == attempts - 1)
            #expect(delivery.text.contains(#""labels":{"env":"prod"}"#))
            #expect(delivery.text.contains(#""result_queue_name":"r""#))
            let park = channel.settlement(delivery, .park(afterMilliseconds: 0, failedAttempts: attempts))
            #expect(try await sink.settle([park]) == [.settled])
        }
        #expect(try await source.take(1)[0].failedAttempts == 2)
    }

    @Test
    func leavesEntriesOfOtherQueuesAloneAndCountsThem() async throws {
        let channel = try await Channel()
        for entry in Self.foreign + Self.ours { try channel.redis("ZADD", Self.key, "1", entry) }
        let source = try await channel.source()
        let deliveries = try await source.take(Self.ours.count, quiet: .milliseconds(700))
        #expect(Set(deliveries.map(\.failedAttempts)) == [0, 1, 2])
        #expect(Set(deliveries.map(\.text)).isSuperset(of: Self.ours.dropFirst()))
        #expect(deliveries.contains { $0.text.contains(#""labels":{"t":"x"}"#) })
        let left = try channel.redis("ZRANGE", Self.key, "0", "-1").array?.compactMap(\.text)
        #expect(Set(left ?? []) == Set(Self.foreign))
        #expect(source.counts.foreign == Self.foreign.count)
    }

    @Test
    func countsAttemptsOfEntriesThatOthersWrote() async throws {
        let channel = try await Channel()
        let sink = channel.sink()
        for entry in Self.ours { try channel.redis("ZADD", Self.key, "1", entry) }
        let source = try await channel.source()
        let first = try await source.take(Self.ours.count)
        let parks = first.map { channel.settlement($0, .park(afterMilliseconds: 0, failedAttempts: 7)) }
        #expect(try await sink.settle(parks).allSatisfy { $0 == .settled })
        let second = try await source.take(Self.ours.count)
        #expect(second.allSatisfy { $0.failedAttempts == 7 })
        #expect(Set(second.map(\.text)).isSuperset(of: Self.ours.dropFirst()))
    }

    @Test
    func findsItsOwnBehindManyOfOthers() async throws {
        let channel = try await Channel()
        let adds = (0..<2500).map { number in
            RedisCommand("ZADD", Self.key, 1, #"{"id":"\#(number)","metadata":{"queue_name":"other"}}"#)
        }
        _ = try RedisConnection(channel.server.url).send(adds)
        try channel.redis("ZADD", Self.key, "2", #"{"id":"mine"}"#)
        let source = try await channel.source()
        #expect(try await source.take(1).map(\.text) == [#"{"id":"mine"}"#])
        try channel.redis("ZADD", Self.key, "2", #"{"id":"mine too"}"#)
        #expect(try await source.take(1).map(\.text) == [#"{"id":"mine too"}"#])
        try await eventually("count") { source.counts.foreign == 2500 }
        #expect(try channel.count("ZCARD", Self.key) == 2500)
    }

    /// Twenty thousand due entries of another queue before it, which looking through takes seconds for.
    @Test
    func findsWhatItParkedWhateverLiesBesideIt() async throws {
        let channel = try await Channel()
        let fill = """
            for i = 1, 20000 do
              redis.call('ZADD', KEYS[1], 1, '{"id":"x' .. i .. '","metadata":{"queue_name":"other"}}')
            end
            """
        try channel.redis("EVAL", fill, "1", Self.key)
        let source = try await channel.source()
        let sink = channel.sink()
        async let first = source.take(50)
        try channel.publish((0..<50).map { "mine \($0)" })
        let parks = try await first.map { channel.settlement($0, .park(afterMilliseconds: 100, failedAttempts: 1)) }
        #expect(try await sink.settle(parks).allSatisfy { $0 == .settled })
        #expect(try channel.count("ZCARD", Self.key + ":parked:request-queue") == 50)
        let start = ContinuousClock.now
        #expect(try await Set(source.take(50).map(\.text)) == Set((0..<50).map { "mine \($0)" }))
        #expect(ContinuousClock.now - start < .seconds(2))
        #expect(try channel.count("ZCARD", Self.key) == 20000)
        #expect(try channel.count("EXISTS", Self.key + ":parked:request-queue") == 0)
    }

    @Test
    func leavesWhatSomebodyElseTookFromTheRetrySet() async throws {
        let channel = try await Channel()
        let source = try await channel.source()
        try channel.publish("a", "b")
        let parks = try await source.take(2).map {
            channel.settlement($0, .park(afterMilliseconds: 0, failedAttempts: 1))
        }
        #expect(try await channel.sink().settle(parks) == [.settled, .settled])
        let entries = try #require(try channel.redis("ZRANGE", Self.key, "0", "-1").array?.compactMap(\.text))
        let taken = try #require(entries.first { $0.contains("YQ==") })
        try channel.redis("ZREM", Self.key, taken)
        #expect(try await source.take(1, quiet: .milliseconds(300)).map(\.text) == ["b"])
        #expect(try channel.count("EXISTS", Self.key + ":parked:request-queue") == 0)
    }

    /// What a script takes from one place it has put into the other before: it may stop in between.
    @Test(arguments: ["hset", "zadd", "zrem", "hexists", "zrangebyscore", "memory"])
    func losesAndDoublesNothingWhileItMayNotClaim(lacking: String) async throws {
        let channel = try await Channel()
        let parked = (0..<3).map { #"{"id":"\#($0)"}"# }
        for entry in parked { try channel.redis("ZADD", Self.key, "1", entry) }
        try channel.redis("ACL", "SETUSER", "poor", "on", ">x", "allkeys", "allchannels", "+@all")
        if lacking == "memory" {
            try channel.redis("CONFIG", "SET", "maxmemory", "1")
        } else {
            try channel.redis("ACL", "SETUSER", "poor", "-" + lacking)
        }
        let source = RedisPubSubSource(
            url: try RedisURL("redis://poor:x@127.0.0.1:\(channel.server.port)"), queue: .channel(channel.name),
            settings: RedisPubSubSettings(holdAfterGap: .zero), logger: .quiet)
        async let taken = source.take(6, quiet: .milliseconds(600))
        try await eventually("subscription") { source.counts.subscriptions == 1 }
        try channel.publish("a", "b", "c")
        while case let health = await source.health(), !"\(health)".contains("EVALSHA") {
            try await Task.sleep(for: .milliseconds(5))
        }
        try channel.redis("CONFIG", "SET", "maxmemory", "0")
        try channel.redis("ACL", "SETUSER", "poor", "+@all")
        #expect(try await taken.map(\.text).sorted() == (parked + ["a", "b", "c"]).sorted())
        #expect(try channel.count("ZCARD", Self.key) == 0)
        #expect(try channel.count("HLEN", Self.key + ":claimed") == 6)
    }

    @Test
    func waitsUntilAnEntryIsDueToTheMillisecond() async throws {
        let channel = try await Channel()
        let source = try await channel.source()
        var delays: [Double] = []
        // A busy machine may be late itself, but not each time.
        while delays.count < 3, delays.last.map({ $0 > 0.5 }) ?? true {
            let due = try now(channel) + 1.25
            try channel.redis("ZADD", Self.key, "\(due)", #"{"id":"later \#(delays.count)"}"#)
            _ = try await source.take(1)
            delays.append(try now(channel) - due)
        }
        #expect(delays.allSatisfy { $0 >= 0 } && delays.contains { $0 <= 0.5 }, "\(delays) s late")
    }

    @Test
    func takesOverWhatADeadIngestHeld() async throws {
        let channel = try await Channel()
        let settings = RedisPubSubSettings(lease: .milliseconds(400), holdAfterGap: .zero)
        var dead: RedisPubSubSource? = try await channel.source(settings)
        try channel.publish("orphan")
        let held = try await dead?.take(1)[0]
        dead = nil
        let heir = try await channel.source()
        let delivery = try await heir.take(1)[0]
        #expect(delivery.text == "orphan")
        #expect(delivery.deliveries == 1)
        #expect(heir.counts.takenOver == 1)
        let late = channel.settlement(try #require(held), .result(Bytes("late".utf8)))
        #expect(try await channel.sink().settle([late]) == [.settled])
        #expect(try channel.redis("EXISTS", "\(Self.key):deliveries").integer == 0)
    }

    @Test
    func takesOverNothingForAWhileAfterAGap() async throws {
        let channel = try await Channel()
        let heir = try await channel.source(RedisPubSubSettings(holdAfterGap: .seconds(3)))
        let holder = try await channel.source(RedisPubSubSettings(lease: .milliseconds(300)))
        async let held = holder.take(1)
        try channel.publish("held")
        _ = try await held
        let start = ContinuousClock.now
        try channel.redis("CLIENT", "KILL", "TYPE", "normal")
        try channel.redis("CLIENT", "KILL", "TYPE", "pubsub")
        let delivery = try await heir.take(1)[0]
        #expect(delivery.deliveries == 1)
        #expect(ContinuousClock.now - start >= .seconds(2.8))
    }

    private func now(_ channel: Channel) throws -> Double {
        let time = try #require(try channel.redis("TIME").array)
        return Double(time[0].integer ?? 0) + Double(time[1].integer ?? 0) / 1e6
    }
}
