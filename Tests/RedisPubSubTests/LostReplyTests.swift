import Messages
import Queue
import Redis
import RedisPubSub
import RedisPubSubSink
import RedisPubSubSource
import TestServers
import Testing

/// The request reached the server, which did what it was asked; the answer got lost.
@Suite(.timeLimit(.minutes(1)))
struct LostReplyTests {
    @Test(arguments: [true, false])
    func ofAClaimLosesNoMessage(deduplicate: Bool) async throws {
        let channel = try await Channel()
        let proxy = try CuttingProxy(to: channel.server.port)
        // So patient that nothing is parked: whoever gets it gets it from the claim.
        let settings = RedisPubSubSettings(
            deduplicate: deduplicate, holdAfterGap: .zero, patience: .seconds(60), lookInterval: .seconds(60))
        let source = try await channel.source(settings, through: proxy)
        // The script is known, so that what is swallowed is the answer to a call.
        try channel.publish("first")
        _ = try await source.take(1)
        proxy.swallowReply(toRequestWith: RedisPubSubClaimScripts.arrivals.digest)
        async let taken = source.take(3, quiet: .milliseconds(300))
        try channel.publish("a", "b", "b")
        #expect(try await taken.map(\.text).sorted() == ["a", "b", "b"])
        #expect(try await taken.allSatisfy { $0.deliveries == 0 })
        #expect(proxy.cuts == 1)
        #expect(try channel.count("HLEN", "retry-sortedset:claimed") == 4)
    }

    @Test
    func ofParkingParksOnce() async throws {
        let channel = try await Channel()
        let proxy = try CuttingProxy(to: channel.server.port)
        let source = try await channel.source(through: proxy)
        try channel.publish("first")
        _ = try await source.take(1)
        let before = source.counts.overflowed
        proxy.swallowReply(toRequestWith: RedisPubSubClaimScripts.arrivals.digest)
        try channel.publish("a", "b")
        try await eventually("overflow") { source.counts.overflowed == before + 2 }
        #expect(proxy.cuts == 1)
        #expect(try channel.count("ZCARD", "retry-sortedset") == 2)
        #expect(try await source.take(2, quiet: .milliseconds(300)).map(\.text).sorted() == ["a", "b"])
    }

    @Test
    func ofAClaimOfDueEntriesLosesNone() async throws {
        let channel = try await Channel()
        let proxy = try CuttingProxy(to: channel.server.port)
        let source = try await channel.source(through: proxy)
        try channel.publish("first")
        let first = try await source.take(1)
        try await source.release(first.map(\.receipt))
        _ = try await source.take(1)
        for number in 0..<5 { try channel.redis("ZADD", "retry-sortedset", "1", #"{"id":"\#(number)"}"#) }
        proxy.swallowReply(toRequestWith: RedisPubSubClaimScripts.due.digest)
        let deliveries = try await source.take(5, quiet: .milliseconds(300))
        #expect(Set(deliveries.map(\.text)) == Set((0..<5).map { #"{"id":"\#($0)"}"# }))
        #expect(deliveries.allSatisfy { $0.deliveries == 0 })
        #expect(proxy.cuts == 1)
        #expect(try await source.renew(deliveries.map(\.receipt)) == [])
    }

    @Test
    func ofAResultPublishesItOnce() async throws {
        let channel = try await Channel()
        let proxy = try CuttingProxy(to: channel.server.port)
        let source = try await channel.source()
        let sink = channel.sink(through: proxy)
        try channel.publish("a", "b", "c")
        let settlements = try await source.take(3).map { channel.settlement($0, .result($0.bytes)) }
        #expect(try await sink.settle([settlements[0]]) == [.settled])
        proxy.swallowReply(toRequestWith: RedisPubSubScripts.publish.digest)
        await #expect(throws: QueueError.self) { try await sink.settle(settlements) }
        #expect(try await sink.settle(settlements) == [.stale, .stale, .stale])
        try await eventually("results") { channel.results.heard.count == 3 }
        #expect(Set(channel.results.heard.map { String(decoding: $0, as: UTF8.self) }) == ["a", "b", "c"])
        #expect(proxy.cuts == 1)
    }

    @Test
    func cutConnectionsLoseNothingUnderLoad() async throws {
        let channel = try await Channel()
        let proxy = try CuttingProxy(to: channel.server.port)
        let source = try await channel.source(through: proxy)
        let sink = channel.sink(through: proxy)
        // Ready in the retry set, since what is published while nobody listens is lost by nature.
        let adds = (0..<600).map { RedisCommand("ZADD", "retry-sortedset", 1, #"{"id":"\#($0)"}"#) }
        _ = try RedisConnection(channel.server.url).send(adds)
        var settled = 0
        while settled < 600 {
            let deliveries = try await source.leasePersistently(limit: 40, for: .seconds(15))
            try #require(!deliveries.isEmpty)
            if settled % 3 == 0 { proxy.cut() }
            let batch = deliveries.map { channel.settlement($0, .result($0.bytes)) }
            var statuses: [SettlementStatus] = []
            while statuses.isEmpty {
                do throws(QueueError) { statuses = try await sink.settle(batch) } catch {}
            }
            settled += statuses.count
        }
        try await eventually("results") { channel.results.heard.count >= 600 }
        #expect(Set(channel.results.heard).count == 600)
        #expect(channel.results.heard.count == 600)
        #expect(try channel.redis("EXISTS", "retry-sortedset", "retry-sortedset:claimed").integer == 0)
    }
}
