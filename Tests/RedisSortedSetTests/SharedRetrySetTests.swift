import Messages
import Primitives
import Queue
import Redis
import RedisSortedSet
import RedisSortedSetSink
import TestServers
import Testing

@testable import RedisSortedSetSource

/// A retry set that holds more than this queue's entries, and less.
@Suite(.timeLimit(.minutes(1)))
struct SharedRetrySetTests {
    private let keys = RedisSortedSetKeys(queue: RedisSortedSetBench.queue, retrySet: "retry-sortedset")

    /// Puts due entries of another queue before whatever is due later.
    private func fill(_ bench: RedisSortedSetBench, _ count: Int) throws {
        let script = """
            for i = 1, tonumber(ARGV[1]) do
              redis.call('ZADD', KEYS[1], 1, '{"internal":{"retry_count":3,"request_queue_name":"other"},'
                .. '"request_kind":"redis","data":{"id":"x' .. i .. '"}}')
            end
            """
        _ = try bench.server.command("EVAL", script, 1, "retry-sortedset", count)
    }

    private func parked(_ bench: RedisSortedSetBench, _ body: String, delay: Int64) async throws -> Delivery {
        try bench.submit(body)
        let delivery = try await bench.source().take(1)[0]
        let park = bench.settlement(delivery, .park(afterMilliseconds: delay, failedAttempts: 1))
        #expect(try await bench.sink().settle([park]) == [.settled])
        return delivery
    }

    @Test
    func findsItsOwnRetriesWhateverLiesBesideThem() async throws {
        let bench = try await RedisSortedSetBench()
        _ = try await parked(bench, "a", delay: 0)
        try fill(bench, 100_000)
        let start = ContinuousClock.now
        #expect(try await bench.source().take(1).map(\.text) == ["a"])
        // Looking through all of it, for which a tenth of the time is allowed, would last some ten seconds.
        #expect(ContinuousClock.now - start < .seconds(3))
    }

    /// Also when each look is another process's.
    @Test
    func goesOnLookingWhereTheLastLookEnded() async throws {
        let bench = try await RedisSortedSetBench()
        try fill(bench, 2000)
        let entry = #"{"id":"behind"}"#
        _ = try bench.server.command("ZADD", "retry-sortedset", 2, entry)
        var found: [String] = []
        for number in 0..<6 {
            try bench.submit("request \(number)")
            found += try await bench.source().lease(limit: 1).map(\.text)
        }
        #expect(found.contains(entry))
    }

    /// It is but a place to go on from.
    @Test(arguments: ["", "junk", "0 0", "-1", "1.5", "nan", "inf", "1e400", "\u{0}"])
    func nonsenseAboutWhereTheLastLookEndedMeansTheBeginning(place: String) async throws {
        let bench = try await RedisSortedSetBench()
        for id in ["a", "b"] {
            let entry =
                #"{"internal":{"retry_count":1,"request_queue_name":"request-sortedset"},"request_kind":"redis","#
                + #""data":{"id":"\#(id)","deadline":1900000000,"payload":{}}}"#
            try bench.server.zadd("retry-sortedset", score: 1, Array(entry.utf8))
        }
        try bench.submit("new")
        _ = try bench.server.command("SET", keys.look, place)
        #expect(try await bench.source().take(3).count == 3)
    }

    /// Bytes that are held already stay in the retry set as well: what cannot be taken must not be looked at all the time.
    @Test
    func countsWhatStaysInTheRetrySet() async throws {
        let bench = try await RedisSortedSetBench()
        for body in ["a", "b"] { _ = try bench.server.command("ZADD", "retry-sortedset", 1, body) }
        var claims = RedisSortedSetClaims(
            client: RedisClient(bench.server.url), keys: keys, settings: RedisSortedSetSettings(),
            script: RedisSortedSetScripts.standard.claim)
        #expect(try claims.claim(limit: 9, looks: true, takeOverUntil: -1).deliveries.count == 2)
        for body in ["a", "b"] { _ = try bench.server.command("ZADD", "retry-sortedset", 1, body) }
        try fill(bench, 3)
        let batch = try claims.claim(limit: 9, looks: true, takeOverUntil: -1)
        #expect(batch.deliveries.isEmpty)
        #expect(batch.passed == 5)
        #expect(batch.isComplete)
    }

    @Test
    func forgetsHowFarItLookedAtTheEnd() async throws {
        let bench = try await RedisSortedSetBench()
        try fill(bench, 1200)
        let source = try await bench.source()
        try await waitUntil {
            try bench.server.command("EXISTS", keys.look).integer == 1
        } while: {
            try bench.submit("a")
            _ = try await source.take(1)
        }
        try await waitUntil {
            try bench.server.command("EXISTS", keys.look).integer == 0
        } while: {
            _ = try await source.isQuiet(for: .milliseconds(50))
        }
    }

    private func waitUntil(_ isTrue: () throws -> Bool, while work: () async throws -> Void) async throws {
        for _ in 0..<100 where try !isTrue() { try await work() }
        #expect(try isTrue())
    }

    @Test
    func findsWhatAnOlderVersionParkedWithoutAnIndex() async throws {
        let bench = try await RedisSortedSetBench()
        _ = try await parked(bench, "a", delay: 0)
        _ = try bench.server.command("DEL", keys.parked, keys.since)
        let again = try await bench.source().take(1)[0]
        #expect(again.text == "a")
        #expect(again.failedAttempts == 1)
        #expect(try await bench.sink().settle([bench.result(again, "x")]) == [.settled])
        #expect(try bench.keys() == [RedisSortedSetBench.list])
    }

    @Test
    func leavesToOthersWhatTheyTookFromTheRetrySet() async throws {
        let bench = try await RedisSortedSetBench()
        _ = try await parked(bench, "a", delay: 0)
        _ = try bench.server.command("DEL", "retry-sortedset")
        #expect(try await bench.source().isQuiet())
        #expect(try bench.keys() == [])
    }

    @Test
    func findsAnEntryWhoseTextAnotherVersionMade() async throws {
        let bench = try await RedisSortedSetBench()
        let delivery = try await parked(bench, #"{"id":"a"}"#, delay: 0)
        let entry = try bench.members("retry-sortedset")[0]
        let score = try bench.server.command("ZSCORE", "retry-sortedset", entry).text ?? ""
        _ = try bench.server.command("DEL", "retry-sortedset")
        _ = try bench.server.command("ZADD", "retry-sortedset", score, entry + " ")
        #expect(try await bench.source().take(1).map(\.text) == [#"{"id":"a"}"#])
        #expect(try bench.members("retry-sortedset").isEmpty)
        #expect(try await bench.sink().settle([bench.result(delivery, "x")]) == [.settled])
        #expect(try bench.keys() == [RedisSortedSetBench.list])
    }

    @Test
    func followsWhoeverGivesARetryAnotherTime() async throws {
        let bench = try await RedisSortedSetBench()
        _ = try await parked(bench, "a", delay: 0)
        let entry = try bench.members("retry-sortedset")[0]
        _ = try bench.server.command("ZADD", "retry-sortedset", 4_000_000_000, entry)
        let source = try await bench.source()
        #expect(try await source.isQuiet())
        try bench.makeDue()
        #expect(try await source.take(1).map(\.text) == ["a"])
    }

    /// Everything that the clock wrote down is a day ahead, as it is once the clock has been set back by one.
    @Test
    func waitsNoLongerThanWasMeantWhenTheClockWasSetBack() async throws {
        let bench = try await RedisSortedSetBench()
        _ = try await parked(bench, "a", delay: 700)
        let script = """
            local key, entry = redis.call('ZRANGE', KEYS[1], 0, 0)[1], redis.call('ZRANGE', KEYS[4], 0, 0)[1]
            local due = string.format('%.3f', redis.call('ZSCORE', KEYS[1], key) + 86400)
            redis.call('ZADD', KEYS[1], due, key)
            redis.call('ZADD', KEYS[4], due, entry)
            redis.call('ZINCRBY', KEYS[2], 86400000, key)
            local state = redis.call('HGET', KEYS[3], key)
            redis.call('HSET', KEYS[3], key, (string.gsub(state, '^P%S+', 'P' .. due)))
            """
        _ = try bench.server.command("EVAL", script, 4, keys.parked, keys.since, keys.state, "retry-sortedset")
        let source = try await bench.source()
        #expect(try await source.isQuiet(for: .milliseconds(200)))
        #expect(try await source.take(1, within: .seconds(3)).map(\.text) == ["a"])
    }

    @Test
    func endsALeaseInTimeWhenTheClockWasSetBack() async throws {
        let bench = try await RedisSortedSetBench()
        try bench.submit("a")
        _ = try await bench.source(lease: .seconds(1)).take(1)
        for member in try bench.members(keys.leases) {
            _ = try bench.server.command("ZINCRBY", keys.leases, 86_400_000, member)
        }
        #expect(try await bench.source(lease: .seconds(1)).take(1, within: .seconds(5)).map(\.deliveries) == [1])
    }

    @Test
    func takesOverNothingWhenTheServersClockShowsMoreThanItCan() async throws {
        let bench = try await RedisSortedSetBench()
        try bench.submit("a")
        _ = try await bench.source().take(1)
        try bench.expireLeases()
        var claims = RedisSortedSetClaims(
            client: RedisClient(bench.server.url), keys: keys, settings: RedisSortedSetSettings(),
            script: RedisSortedSetScripts.standard.claim)
        let early = try claims.claim(limit: 1, looks: true, takeOverUntil: WallClock.now().milliseconds - 60_000)
        #expect(early.deliveries.isEmpty)
        let late = try claims.claim(limit: 1, looks: true, takeOverUntil: WallClock.now().milliseconds + 60_000)
        #expect(late.deliveries.map(\.text) == ["a"])
    }
}
