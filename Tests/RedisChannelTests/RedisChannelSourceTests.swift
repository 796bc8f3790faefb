import Messages
import Queue
import Redis
import RedisChannelSink
import RedisChannelSource
import TestServers
import Testing

@Suite(.timeLimit(.minutes(1)))
struct RedisChannelSourceTests {
    private static let quiet = Duration.milliseconds(300)

    @Test
    func handsOutTheUserGuidesMessage() async throws {
        let channel = try await Channel()
        let source = try await channel.source()
        let message =
            #"{"id" : "testmsg", "payload":{ "model":"food-review-1", "prompt":"Hi, good morning "}, "#
            + #""deadline" :"23472348233323" }"#
        try channel.publish(message)
        let delivery = try await source.take(1, quiet: Self.quiet)[0]
        #expect(delivery.text == message)
        #expect(await source.health() == .reachable)
        #expect(source.counts.heard == 1)
    }

    @Test
    func twoReplicasMakeOneRequestOfAMessageAndTwoOfTheSameBytesTwice() async throws {
        let channel = try await Channel()
        let replicas = [try await channel.source(), try await channel.source()]
        try channel.publish("twin", "single", "twin")
        let seen = try await leaseFromAll(replicas, for: .seconds(1))
        #expect(seen.map(\.text).sorted() == ["single", "twin", "twin"])
        #expect(Set(seen.map(\.receipt)).count == 3)
        #expect(replicas.map(\.counts.heard) == [3, 3])
        #expect(replicas.map(\.counts.duplicates).reduce(0, +) == 3)
    }

    @Test
    func everyReplicaTakesEveryMessageWithoutDeduplication() async throws {
        let channel = try await Channel()
        let settings = RedisChannelSettings(deduplicate: false)
        let replicas = [try await channel.source(settings), try await channel.source(settings)]
        try channel.publish("a", "a")
        let seen = try await leaseFromAll(replicas, for: .seconds(1))
        #expect(seen.map(\.text) == ["a", "a", "a", "a"])
        #expect(Set(seen.map(\.receipt)).count == 4)
    }

    @Test
    func aReplicaThatCameLaterKnowsHowManyWereClaimedBefore() async throws {
        let channel = try await Channel()
        var first: RedisChannelSource? = try await channel.source()
        for _ in 0..<3 {
            try channel.publish("same")
            _ = try await first?.take(1)
        }
        let second = try await channel.source()
        try channel.publish("same")
        #expect(try await leaseFromAll([try #require(first), second], for: .milliseconds(600)).count == 1)
        first = nil
        // The one that counted from the beginning is gone: what is published now is the other's, who counts on.
        try await eventually("departure") { try channel.redis("PUBSUB", "NUMSUB", channel.name).array?[1].integer == 1 }
        try channel.publish("same", "same")
        #expect(try await second.take(2, quiet: Self.quiet).map(\.text) == ["same", "same"])
    }

    @Test
    func aRestartedReplicaTakesTheSameBytesAgain() async throws {
        let channel = try await Channel()
        for _ in 0..<3 {
            let source = try await channel.source()
            try channel.publish("test message")
            #expect(try await source.take(1, quiet: .milliseconds(100)).count == 1)
        }
    }

    @Test
    func parksWhatThePipelineHasNoRoomFor() async throws {
        let channel = try await Channel()
        let source = try await channel.source()
        let texts = (0..<1500).map { #"{"id":"request \#($0)","payload":{"n":1.50}}"# }
        try channel.publish(texts)
        try await eventually("overflow") { source.counts.overflowed == texts.count }
        #expect(try channel.count("ZCARD", "retry-sortedset") == texts.count)
        #expect(try channel.count("HLEN", "retry-sortedset:claimed") == 0)
        let time = try #require(try channel.redis("TIME").array?.first?.integer)
        let later = try channel.redis("ZRANGEBYSCORE", "retry-sortedset", "(\(time + 1)", "+inf").array
        #expect(later == [])
        let deliveries = try await source.take(texts.count, quiet: Self.quiet)
        #expect(deliveries.map(\.text).sorted() == texts.sorted())
        #expect(deliveries.allSatisfy { $0.deliveries == 0 && $0.failedAttempts == 0 })
        #expect(try channel.count("ZCARD", "retry-sortedset") == 0)
    }

    @Test
    func takesOnlyAsMuchAsIsAskedForAndParksTheRest() async throws {
        let channel = try await Channel()
        let source = try await channel.source()
        async let leased = source.lease(limit: 2)
        try channel.publish((0..<10).map { "request \($0)" })
        #expect(try await leased.count <= 2)
        try await eventually("overflow") { source.counts.heard == 10 && source.counts.overflowed >= 8 }
        #expect(try await source.take(8, quiet: Self.quiet).count == 8)
    }

    @Test
    func parksWhatWaitsWhenItIsReleased() async throws {
        let channel = try await Channel()
        var source: RedisChannelSource? = try await channel.source(
            RedisChannelSettings(holdAfterGap: .zero, patience: .seconds(60)))
        try channel.publish("a", "b", "c")
        try await eventually("messages") { source?.counts.heard == 3 }
        source = nil
        try await eventually("parked messages") { try channel.count("ZCARD", "retry-sortedset") == 3 }
        #expect(try await channel.source().take(3).map(\.text).sorted() == ["a", "b", "c"])
    }

    @Test
    func subscribesAgainWhenTheServerDropsIt() async throws {
        let channel = try await Channel()
        let source = try await channel.source()
        for round in 1...3 {
            try channel.redis("CLIENT", "KILL", "TYPE", "pubsub")
            try await eventually("subscription") { source.counts.subscriptions == round + 1 }
            try channel.publish("message \(round)")
            #expect(try await source.take(1).map(\.text) == ["message \(round)"])
        }
        #expect(await source.health() == .reachable)
    }

    @Test
    func saysWhyItCannotWorkAndGoesOnWhenItCan() async throws {
        let channel = try await Channel()
        let source = try await channel.source()
        try channel.redis("SET", "retry-sortedset:claimed", "a string")
        try channel.publish("kept")
        await #expect {
            try await source.lease(limit: 1)
        } throws: { error in
            "\(error)".contains("WRONGTYPE") && (error as? QueueError)?.isTransient == false
        }
        #expect(await source.health() != .reachable)
        try channel.redis("DEL", "retry-sortedset:claimed")
        #expect(try await source.take(1, quiet: Self.quiet).map(\.text) == ["kept"])
        #expect(await source.health() == .reachable)
    }

    @Test
    func refusesToStartWithAWrongPassword() async throws {
        let server = try await RedisServer(password: "sesame")
        let url = try RedisURL("redis://:wrong@127.0.0.1:\(server.port)")
        let source = RedisChannelSource(url: url, queue: .channel("q"))
        await #expect {
            try await source.connect()
        } throws: { error in
            "\(error)".contains("WRONGPASS") && (error as? QueueError)?.isTransient == false
        }
        guard case .unreachable(let reason) = await source.health() else {
            Issue.record("reachable")
            return
        }
        #expect(reason.contains("WRONGPASS"))
    }

    /// Leases from all replicas at once for `time`; everything they handed out.
    private func leaseFromAll(_ replicas: [RedisChannelSource], for time: Duration) async throws -> [Delivery] {
        try await withThrowingTaskGroup(of: [Delivery].self) { group in
            for replica in replicas {
                group.addTask {
                    let end = ContinuousClock.now + time
                    var mine: [Delivery] = []
                    while case let left = end - ContinuousClock.now, left > .zero {
                        mine += try await replica.leasePersistently(limit: 10, for: left)
                    }
                    return mine
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
    }
}
