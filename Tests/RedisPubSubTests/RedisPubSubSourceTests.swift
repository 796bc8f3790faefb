import Logging
import Messages
import Queue
import Redis
import RedisPubSubSink
import TestServers
import Testing

@testable import RedisPubSubSource

/// One after another: bursts of all at once leave the servers beside them no time to answer in.
@Suite(.serialized, .timeLimit(.minutes(1)))
struct RedisPubSubSourceTests {
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
    func keepsNothingPerMessage() async throws {
        let channel = try await Channel()
        let replicas = [try await channel.source(), try await channel.source()]
        let sink = channel.sink()
        for round in 0..<10 {
            try channel.publish((0..<100).map { "\(round) \($0)" })
            var settled = 0
            while settled < 100 {
                let deliveries = try await leaseFromAll(replicas, for: .milliseconds(50))
                _ = try await sink.settle(deliveries.map { channel.settlement($0, .result(Bytes("r".utf8))) })
                settled += deliveries.count
            }
        }
        let keys = try channel.redis("KEYS", "retry-sortedset*").array?.compactMap(\.text)
        #expect(keys == ["retry-sortedset:heard:request-queue"])
        #expect(try channel.count("HLEN", "retry-sortedset:heard:request-queue") <= 2)
        #expect(try channel.count("PTTL", "retry-sortedset:heard:request-queue") > 0)
    }

    /// While messages flow, ingest processes join, and find what the others hear.
    @Test
    func whoeverJoinsTakesNothingTwiceAndLeavesNothing() async throws {
        let channel = try await Channel()
        let published = 4000
        var replicas = [try await channel.source()]
        async let publishing: Void = {
            let publisher = try RedisConnection(channel.server.url)
            for number in 0..<published { _ = try publisher.send(RedisCommand("PUBLISH", channel.name, "\(number)")) }
        }()
        var seen: [String] = []
        for _ in 0..<4 {
            seen += try await leaseFromAll(replicas, for: .milliseconds(60)).map(\.text)
            replicas.append(try await channel.source())
        }
        try await publishing
        while case let some = try await leaseFromAll(replicas, for: .milliseconds(600)), !some.isEmpty {
            seen += some.map(\.text)
        }
        #expect(seen.count == published)
        #expect(Set(seen).count == published)
        #expect(replicas.map(\.counts.subscriptions) == [1, 1, 1, 1, 1])
    }

    @Test
    func aReplicaThatStoodStillTakesNothingThatOthersTook() async throws {
        let channel = try await Channel()
        let proxy = try CuttingProxy(to: channel.server.port)
        let slow = try await channel.source(through: proxy)
        let quick = try await channel.source()
        proxy.delay(.milliseconds(800))
        try channel.publish((0..<300).map { "\($0)" })
        #expect(Set(try await quick.take(300).map(\.text)).count == 300)
        try await eventually("messages") { slow.counts.heard == 300 }
        proxy.delay(.zero)
        #expect(try await slow.leasePersistently(limit: 10, for: .milliseconds(900)).isEmpty)
        #expect(slow.counts.duplicates == 300)
    }

    /// A single message above the server's limit closes the connection, whoever reads how fast.
    @Test
    func countsWhatTheServerCutsOff() async throws {
        let channel = try await Channel()
        let source = try await channel.source()
        try channel.redis("CONFIG", "SET", "client-output-buffer-limit", "pubsub 1mb 0 0")
        try channel.publish(String(repeating: "x", count: 2 << 20))
        try await eventually("gap") { source.counts.gaps == 1 }
        #expect(source.counts.overflows == 1)
        #expect(source.counts.subscriptions == 2)
        try channel.publish("heard again")
        #expect(try await source.take(1).map(\.text) == ["heard again"])
        #expect(source.counters.first { $0.name == "channel_cuts" }?.read() == 1)
    }

    /// 60 MB in half a second, while nobody asks for a request.
    @Test
    func losesNothingOfABurst() async throws {
        let channel = try await Channel()
        let source = try await channel.source()
        let publisher = try RedisConnection(channel.server.url)
        let filling = String(repeating: "x", count: 20_000)
        for batch in 0..<30 {
            _ = try publisher.send(
                (0..<100).map { RedisCommand("PUBLISH", channel.name, "\(batch) \($0) \(filling)") })
        }
        try await eventually("messages", within: .seconds(40)) { source.counts.overflowed == 3000 }
        #expect(source.counts.gaps == 0)
        #expect(try channel.count("ZCARD", "retry-sortedset") == 3000)
    }

    /// Everything that the server says somebody heard is kept, up to the moment of leaving.
    @Test
    func leavesNothingUnclaimedWhenItStops() async throws {
        let channel = try await Channel()
        let source = try await channel.source()
        let publisher = try RedisConnection(channel.server.url)
        let filling = String(repeating: "x", count: 5000)
        async let stop: Void = {
            try await eventually("messages") { source.counts.heard > 500 }
            await source.stop()
        }()
        var heard = 0
        var isHeard = true
        var batch = 0
        while isHeard, batch < 10_000 {
            batch += 1
            let replies = try publisher.send(
                (0..<20).map { RedisCommand("PUBLISH", channel.name, "\(batch) \($0) \(filling)") })
            let some = replies.count { $0.integer == 1 }
            heard += some
            isHeard = some == 20
            try await Task.sleep(for: .milliseconds(1))
        }
        try await stop
        #expect(!isHeard, "it never stopped")
        #expect(try channel.count("ZCARD", "retry-sortedset") == heard)
    }

    @Test(.timeLimit(.minutes(1)))
    func tellsWhoeverWaitsThatItWasStopped() async throws {
        let nowhere = RedisURL(.tcp(host: "127.0.0.1", port: try freePort()))
        for _ in 0..<20 {
            let source = RedisPubSubSource(url: nowhere, queue: .channel("q"), logger: .quiet)
            let waiting = Task { while !Task.isCancelled { try? await source.connect() } }
            await #expect(throws: QueueError.self) { try await source.connect() }
            await source.stop()
            waiting.cancel()
            await waiting.value
            await #expect(throws: QueueError.self) { try await source.connect() }
            await #expect(throws: QueueError.self) { try await source.lease(limit: 1) }
        }
    }

    @Test
    func oneMessageThatTheServerCannotStoreCostsItself() async throws {
        let channel = try await Channel()
        let source = try await channel.source()
        let info = try channel.redis("INFO", "memory").text ?? ""
        let line = info.split(whereSeparator: \.isNewline).first { $0.hasPrefix("used_memory:") }
        let used = try #require(line.flatMap { Int($0.dropFirst("used_memory:".count)) })
        let small = (0..<40).map { "small \($0)" }
        let large = String(repeating: "x", count: 8 << 20)
        async let taken = source.take(40)
        try channel.redis("CONFIG", "SET", "maxmemory", "\(used + (5 << 20))")
        try channel.publish(Array(small[..<20]) + [large] + Array(small[20...]))
        #expect(try await Set(taken.map(\.text)) == Set(small))
        try channel.redis("CONFIG", "SET", "maxmemory", "0")
        #expect(try await source.take(1).map(\.bytes.count) == [8 << 20])
        #expect(source.counts.dropped == 0)
    }

    @Test
    func saysHowOftenItGivesUpWhatCannotBeStored() {
        let now = ContinuousClock.now
        var asides = Asides(queue: "q", logger: .quiet)
        func message(_ size: Int) -> Arrivals.Message {
            Arrivals.Message(
                bytes: [UInt8](repeating: 0, count: size), heardAt: now,
                place: Numbering.Place(series: "s", number: 7))
        }
        #expect(asides.add(message(80 << 20), owner: "a", reason: "OOM", now: now) == 0)
        #expect(asides.add(message(1), owner: "b", reason: "OOM", now: now) == 1, "no room for its bytes")
        #expect(asides.due(now: now)?.messages.first == nil)
        let later = now + .seconds(1)
        #expect(asides.due(now: later)?.messages.first?.place == Numbering.Place(series: "a", number: 1))
        #expect(asides.refused("OOM", now: later) == 0)
        #expect(asides.due(now: later + .seconds(1))?.owner == nil)
        #expect(asides.due(now: later + .seconds(2))?.isRepeated == true)
        #expect(asides.refused("OOM", now: now + .seconds(601)) == 1)
        #expect(asides.next == nil)
    }

    @Test
    func everyReplicaTakesEveryMessageWithoutDeduplication() async throws {
        let channel = try await Channel()
        let settings = RedisPubSubSettings(deduplicate: false)
        let replicas = [try await channel.source(settings), try await channel.source(settings)]
        try channel.publish("a", "a")
        let seen = try await leaseFromAll(replicas, for: .seconds(1))
        #expect(seen.map(\.text) == ["a", "a", "a", "a"])
        #expect(Set(seen.map(\.receipt)).count == 4)
    }

    @Test
    func aReplicaThatCameLaterKnowsHowManyWereClaimedBefore() async throws {
        let channel = try await Channel()
        var first: RedisPubSubSource? = try await channel.source()
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
        var source: RedisPubSubSource? = try await channel.source(
            RedisPubSubSettings(holdAfterGap: .zero, patience: .seconds(60)))
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
        let source = RedisPubSubSource(url: url, queue: .channel("q"), logger: .quiet)
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
    private func leaseFromAll(_ replicas: [RedisPubSubSource], for time: Duration) async throws -> [Delivery] {
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
