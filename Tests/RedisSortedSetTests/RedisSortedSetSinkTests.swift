import Messages
import Queue
import Redis
import RedisQueues
import RedisSortedSetSink
import RedisSortedSetSource
import TestServers
import Testing

@Suite(.timeLimit(.minutes(1)))
struct RedisSortedSetSinkTests {
    @Test
    func writesResultsSoThatTheFirstIsPoppedFirst() async throws {
        let bench = try await RedisSortedSetBench()
        try bench.submit("a", "b", "c")
        let taken = try await bench.source().take(3)
        _ = try await bench.sink().settle(taken.map { bench.result($0, $0.text) })
        #expect(try bench.popped() == ["a", "b", "c"])
    }

    @Test
    func aListThatIsNoneHurtsNoOther() async throws {
        let bench = try await RedisSortedSetBench()
        try bench.submit("a", "b", "c", "d")
        let (source, sink) = (try await bench.source(), bench.sink())
        let taken = try await source.take(4)
        _ = try bench.server.command("SET", "broken", "a string")
        let batch = zip(taken, ["good", "broken", "broken", "good"]).map { bench.result($0, to: $1, $0.text) }
        let statuses = try await sink.settle(batch)
        #expect(statuses[0] == .settled && statuses[3] == .settled)
        for status in statuses[1...2] {
            guard case .refused(let reason) = status else {
                Issue.record("\(status)")
                continue
            }
            #expect(reason.contains("WRONGTYPE"))
        }
        #expect(try bench.popped("good") == ["a", "d"])
        // The refused ones are still leased, and settle when the list can be written to.
        #expect(try await source.renew(taken[1...2].map(\.receipt)) == [])
        _ = try bench.server.command("DEL", "broken")
        #expect(try await sink.settle(batch).map { $0 == .settled } == [false, true, true, false])
        #expect(try bench.popped("broken") == ["b", "c"])
        #expect(try bench.popped("good") == ["a", "d"])
        #expect(try bench.keys() == ["broken", "good"])
    }

    @Test
    func settlesRequestsOfSeveralQueuesInOneBatch() async throws {
        let bench = try await RedisSortedSetBench()
        let queues = ["q1", "q2", "q3"]
        var batch: [Settlement] = []
        for queue in queues {
            try bench.submit("\(queue) a", "\(queue) b", to: queue)
            batch += try await bench.source(queue).take(2).map { bench.result($0, to: "results of \(queue)", $0.text) }
        }
        batch.swapAt(1, 4)
        #expect(try await bench.sink().settle(batch) == Array(repeating: .settled, count: 6))
        for queue in queues {
            #expect(try Set(bench.popped("results of \(queue)")) == ["\(queue) a", "\(queue) b"])
        }
    }

    @Test
    func onlyTheHolderParksReleasesAndBuries() async throws {
        let bench = try await RedisSortedSetBench()
        let lease = Duration.seconds(6)
        let (source, other) = (try await bench.source(lease: lease), try await bench.source(lease: lease))
        let sink = bench.sink()
        try bench.submit("a")
        let first = try await source.take(1)[0]
        try bench.expireLeases()
        let second = try await other.take(1)[0]
        #expect(second.deliveries == 1)
        let late: [Settlement.Action] = [
            .park(afterMilliseconds: 0, failedAttempts: 1), .release, .deadLetter(reason: "r", result: nil),
        ]
        #expect(try await sink.settle(late.map { bench.settlement(first, $0) }) == [.stale, .stale, .stale])
        #expect(try await source.renew([first.receipt]) == [first.receipt])
        // What was computed meanwhile counts all the same.
        #expect(try await sink.settle([bench.result(first, "early bird")]) == [.settled])
        #expect(try await sink.settle([bench.result(second, "too late")]) == [.stale])
        #expect(try bench.popped() == ["early bird"])
        #expect(try bench.keys() == [RedisSortedSetBench.list])
    }

    @Test
    func clearsTheProducersKeysThatHoldTheToken() async throws {
        let bench = try await RedisSortedSetBench()
        try bench.submit(tagged(id: "a", token: "t1"), tagged(id: "b", token: "t1"), tagged(id: "c", token: ""))
        for id in ["a", "c"] { _ = try bench.server.command("SET", "request-active:\(id)", "t1") }
        // A newer submission of b, and its cancellation.
        for key in ["active", "cancel"] { _ = try bench.server.command("SET", "request-\(key):b", "t2") }
        let taken = try await bench.source().take(3)
        let batch = zip(taken, ["a", "b", "c"]).map { bench.result($0, id: $1, $1) }
        #expect(try await bench.sink().settle(batch) == Array(repeating: .settled, count: 3))
        #expect(
            try bench.keys() == [
                "request-active:b", "request-active:c", "request-cancel:b", RedisSortedSetBench.list,
            ])
    }

    @Test
    func keepsADeadLetterAsItsProducerWroteIt() async throws {
        let bench = try await RedisSortedSetBench()
        let bytes: [UInt8] = [0x7B, 0xFF, 0x22]
        try bench.server.zadd(RedisSortedSetBench.queue, score: 1, bytes)
        let source = try await bench.source(lease: .seconds(6))
        _ = try await source.take(1)
        try bench.expireLeases()
        let again = try await source.take(1)[0]
        let letter = bench.settlement(again, id: "x", .deadLetter(reason: "not \"JSON\"", result: Bytes("r".utf8)))
        #expect(try await bench.sink().settle([letter]) == [.settled])
        let document = try bench.popped(RedisSortedSetBench.queue + ":dead-letter")
        #expect(document.count == 1)
        let text = try #require(document.first)
        #expect(text.hasPrefix(#"{"queue":"request-sortedset","id":"x","reason":"not \"JSON\"","time":"#))
        #expect(text.hasSuffix(#","deliveries":1,"attempts":0,"body":"e/8i","body_encoding":"base64"}"#))
        #expect(try bench.popped() == ["r"])
        #expect(try bench.keys() == ["request-sortedset:dead-letter", RedisSortedSetBench.list])
    }

    @Test
    func writesNothingWhileTheServerIsOutOfMemory() async throws {
        let bench = try await RedisSortedSetBench()
        try bench.submit("a", "b")
        let (source, sink) = (try await bench.source(), bench.sink())
        let taken = try await source.take(1)
        _ = try bench.server.command("CONFIG", "SET", "maxmemory", 1)
        let waits = try await sink.settle([bench.result(taken[0], "x")])
        guard case .delayed(let reason) = waits[0] else { return #expect(Bool(false), "\(waits)") }
        #expect(reason.contains("OOM") && reason.contains("HSETNX"))
        #expect(await sink.health() == .unreachable(reason: reason))
        await #expect(throws: QueueError.self) { try await source.lease(limit: 1) }
        #expect(try bench.members(RedisSortedSetBench.queue) == ["b"])
        _ = try bench.server.command("CONFIG", "SET", "maxmemory", 0)
        #expect(try await sink.settle([bench.result(taken[0], "x")]) == [.settled])
        #expect(await sink.health() == .reachable)
        #expect(try await source.take(1).map(\.text) == ["b"])
        #expect(try bench.popped() == ["x"])
    }
}

/// A message as the producer of llm-d-async writes it.
func tagged(id: String, token: String) -> String {
    let inside = token.isEmpty ? "{}" : #"{"request_token":"\#(token)"}"#
    return #"{"internal":\#(inside),"request_kind":"redis","data":{"id":"\#(id)","deadline":1900000000,"payload":{}}}"#
}

/// Names are their bytes.
@Suite(.timeLimit(.minutes(1)))
struct QueueNameTests {
    @Test
    func settlesQueuesWhoseNamesDifferOnlyInTheirBytesEachInItsOwn() async throws {
        let bench = try await RedisSortedSetBench()
        let names = ["caf\u{e9}", "cafe\u{301}"]
        var settlements: [Settlement] = []
        for (number, name) in names.enumerated() {
            try bench.submit("{\"id\":\"\(number)\"}", to: name)
            let taken = try await bench.source(name).take(1)
            settlements += taken.map { bench.result($0, id: "\(number)", "\(number)") }
        }
        #expect(try await bench.sink().settle(settlements) == [.settled, .settled])
        #expect(try bench.popped() == ["0", "1"])
        #expect(try bench.keys() == [RedisSortedSetBench.list])
    }
}

/// A queue that another ingest process serves is no place for results either, though it holds nothing just now.
@Suite(.timeLimit(.minutes(1)))
struct ServedNamesTests {
    @Test
    func noResultGoesWhereAnotherProcessKeepsRequests() async throws {
        let bench = try await RedisSortedSetBench()
        let other = RedisSortedSetSource(
            url: bench.server.url, queue: .sortedSet("other", retryQueue: "other retries"),
            settings: RedisSortedSetSettings(), logger: .silent)
        try await other.connect()
        _ = try await other.identity()

        try bench.submit(#"{"id":"a"}"#, #"{"id":"b"}"#, #"{"id":"c"}"#)
        let source = try await bench.source()
        let taken = try await source.take(3)
        let places = ["other", "other retries", RedisSortedSetBench.list]
        let batch = zip(taken, places).map { bench.result($0, to: $1, "{}") }
        let statuses = try await bench.sink().settle(batch)
        #expect(statuses[0] == .refused(reason: ReservedNames.reason("other")))
        #expect(statuses[1] == .refused(reason: ReservedNames.reason("other retries")))
        #expect(statuses[2] == .settled)
        #expect(try bench.server.command("EXISTS", "other", "other retries").integer == 0)
        let names = await source.requestNames()
        #expect(Set(names).isSuperset(of: ["other", "other retries"]))
    }

    @Test
    func isAskedAgainWhenAQueueIsNew() async throws {
        let bench = try await RedisSortedSetBench()
        let client = RedisClient(bench.server.url)
        var places = ServedPlaces()
        let asked = try [places.look(for: ["other"], client), places.look(for: ["other"], client)]
        #expect(asked == [true, false], "the second is remembered")
        #expect(!places.holdsRequests("other"))
        _ = try await RedisSortedSetSource(
            url: bench.server.url, queue: .sortedSet("other"), settings: RedisSortedSetSettings(), logger: .silent
        ).identity()
        while try !places.look(for: ["other"], client) { try await Task.sleep(for: .milliseconds(100)) }
        #expect(places.holdsRequests("other"))
    }
}
