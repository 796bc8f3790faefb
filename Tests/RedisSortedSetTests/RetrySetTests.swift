import Foundation
import Messages
import Queue
import Redis
import RedisSortedSetSink
import RedisSortedSetSource
import TestServers
import Testing

@Suite(.timeLimit(.minutes(1)))
struct RetrySetTests {
    /// The one entry of the retry set, as other programs read it.
    private func parked(_ bench: RedisSortedSetBench) throws -> (json: [String: Any], text: String) {
        let text = try #require(try bench.members("retry-sortedset").first)
        let json = try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        return (json, text)
    }

    @Test
    func parksAFlatRequestAsAnEnvelopeOfLlmDAsync() async throws {
        let bench = try await RedisSortedSetBench()
        let body = #"{"id":"job-17","deadline":"1900000000","payload":{"seed": 9007199254740993}}"#
        try bench.submit(body)
        let delivery = try await bench.source().take(1)[0]
        let before = Date.now.timeIntervalSince1970
        let park = bench.settlement(delivery, .park(afterMilliseconds: 2500, failedAttempts: 1))
        #expect(try await bench.sink().settle([park]) == [.settled])
        let (json, text) = try parked(bench)
        let inside = try #require(json["internal"] as? [String: Any])
        #expect(inside["retry_count"] as? Int == 1)
        #expect(inside["request_queue_name"] as? String == RedisSortedSetBench.queue)
        #expect(json["request_kind"] as? String == "redis")
        #expect(text.hasSuffix(#","data":\#(body)}"#))
        let score = try bench.server.command("ZSCORE", "retry-sortedset", text).text.flatMap { Double($0) } ?? 0
        #expect((before + 2.4...before + 3.5).contains(score))
    }

    @Test
    func parksATaggedRequestWithItsOwnRouting() async throws {
        let bench = try await RedisSortedSetBench()
        let body =
            #"{"internal":{"request_token":"t1","request_queue_name":"elsewhere","labels":{"tier":"}batch"}},"#
            + #""request_kind":"redis","data":{"id":"job-17","deadline":1900000000,"payload":{"a":1.0}}}"#
        try bench.submit(body)
        let (source, sink) = (try await bench.source(), bench.sink())
        let delivery = try await source.take(1)[0]
        let park = bench.settlement(delivery, id: "job-17", .park(afterMilliseconds: 60_000, failedAttempts: 4))
        #expect(try await sink.settle([park]) == [.settled])
        let json = try parked(bench).json
        let inside = try #require(json["internal"] as? [String: Any])
        #expect(inside["retry_count"] as? Int == 4)
        #expect(inside["request_queue_name"] as? String == RedisSortedSetBench.queue)
        #expect(inside["request_token"] as? String == "t1")
        #expect((inside["labels"] as? [String: String])?["tier"] == "}batch")
        #expect((json["data"] as? [String: Any])?["id"] as? String == "job-17")
        try bench.makeDue()
        let again = try await source.take(1)[0]
        #expect(again.text == body)
        #expect(again.failedAttempts == 4)
    }

    @Test
    func handsOutWhatIsDueBeforeWhatWaits() async throws {
        let bench = try await RedisSortedSetBench()
        let (source, sink) = (try await bench.source(), bench.sink())
        try bench.submit("a")
        let first = try await source.take(1)[0]
        _ = try await sink.settle([bench.settlement(first, .park(afterMilliseconds: 0, failedAttempts: 1))])
        try bench.submit("b", score: 1)
        #expect(try await source.take(2).map(\.text) == ["a", "b"])
    }

    /// Without a word about it, retries are looked for every 500 ms.
    @Test(arguments: ["request-sortedset", "retry", "retry-sortedset-2"])
    func handsOutAShortlyParkedRequestWhenItIsDue(queue: String) async throws {
        let bench = try await RedisSortedSetBench()
        let (source, sink) = (try await bench.source(queue), bench.sink())
        var late: [Duration] = []
        try bench.submit("a", to: queue)
        var delivery = try await source.take(1)[0]
        for attempt in 1...10 {
            async let again = source.take(1)
            try await Task.sleep(for: .milliseconds(20))
            let start = ContinuousClock.now
            let park = bench.settlement(delivery, .park(afterMilliseconds: 60, failedAttempts: attempt))
            #expect(try await sink.settle([park]) == [.settled])
            delivery = try await again[0]
            late.append(ContinuousClock.now - start - .milliseconds(60))
        }
        #expect(late.min() ?? .zero >= .zero)
        #expect(late.sorted()[5] < .milliseconds(300), "\(late)")
    }

    @Test
    func leavesTheFutureAlone() async throws {
        let bench = try await RedisSortedSetBench()
        let source = try await bench.source()
        _ = try bench.server.command("ZADD", "retry-sortedset", 4_000_000_000, #"{"id":"x"}"#)
        #expect(try await source.isQuiet())
        #expect(try bench.members("retry-sortedset").count == 1)
    }

    @Test
    func takesWhatOtherProgramsParkedForThisQueueOrForNone() async throws {
        let bench = try await RedisSortedSetBench()
        let source = try await bench.source()
        let queue = RedisSortedSetBench.queue
        let ours = [
            #"{"id":"no name"}"#, #"{"id":"named","metadata":{"queue_name":"\#(queue)"}}"#,
            #"{"internal":{"request_queue_name":"\#(queue)","retry_count":2},"request_kind":"redis","data":{"id":"t"}}"#,
            "no JSON",
        ]
        let foreign = [
            #"{"id":"other","metadata":{"queue_name":"elsewhere"}}"#,
            #"{"internal":{"retry_count":2,"request_queue_name":"elsewhere"},"request_kind":"redis","data":{"id":"t"}}"#,
        ]
        for entry in ours + foreign { _ = try bench.server.command("ZADD", "retry-sortedset", 1, entry) }
        #expect(Set(try await source.take(4).map(\.text)) == Set(ours))
        #expect(try await source.isQuiet())
        #expect(Set(try bench.members("retry-sortedset")) == Set(foreign))
    }

    @Test
    func handsOutEachDueEntryOnceToTwoSources() async throws {
        let bench = try await RedisSortedSetBench()
        let adds = (0..<500).map { RedisCommand("ZADD", "retry-sortedset", 1, #"{"id":"\#($0)"}"#) }
        _ = try RedisConnection(bench.server.url).send(adds)
        let (one, two) = (try await bench.source(), try await bench.source())
        async let some = one.take(500, within: .seconds(2))
        async let others = two.take(500, within: .seconds(2))
        let all = try await some + others
        #expect(all.count == 500)
        #expect(Set(all.map(\.text)).count == 500)
    }

    @Test
    func twoQueuesWithOneRetrySetKeepApart() async throws {
        let bench = try await RedisSortedSetBench()
        let (one, two, sink) = (try await bench.source(), try await bench.source("other"), bench.sink())
        try bench.submit("a")
        try bench.submit("b", to: "other")
        let parks = [try await one.take(1)[0], try await two.take(1)[0]].map {
            bench.settlement($0, .park(afterMilliseconds: 0, failedAttempts: 1))
        }
        #expect(try await sink.settle(parks) == [.settled, .settled])
        #expect(try await two.take(1).map(\.text) == ["b"])
        #expect(try await two.isQuiet())
        #expect(try await one.take(1).map(\.text) == ["a"])
    }

    @Test
    func aLateResultSettlesAParkedRequest() async throws {
        let bench = try await RedisSortedSetBench()
        let (source, sink) = (try await bench.source(), bench.sink())
        try bench.submit("a", "b")
        let taken = try await source.take(2)
        let parks = taken.map { bench.settlement($0, .park(afterMilliseconds: 60_000, failedAttempts: 1)) }
        #expect(try await sink.settle(parks) == [.settled, .settled])
        #expect(try await sink.settle([bench.result(taken[0], "late")]) == [.settled])
        try bench.makeDue()
        #expect(try await source.take(2, within: .milliseconds(400)).map(\.text) == ["b"])
        #expect(try bench.popped() == ["late"])
    }
}
