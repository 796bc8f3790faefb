import Messages
import Queue
import Redis
import RedisSortedSetSink
import TestServers
import Testing

/// What one result, or one right that is missing, costs the others: nothing.
@Suite(.timeLimit(.minutes(1)))
struct RefusedResultTests {
    /// A user of the server, who may do what the rules say.
    private func url(_ bench: RedisSortedSetBench, _ rules: String...) throws -> RedisURL {
        var command = RedisCommand("ACL", "SETUSER", "ap", "reset", "on", ">pw")
        for rule in rules { command.append(rule) }
        _ = try RedisConnection(bench.server.url).send(command)
        return try RedisURL("redis://ap:pw@127.0.0.1:\(bench.server.port)")
    }

    private static let ownKeys = "~request-sortedset* ~retry-sortedset ~async:* ~result-list ~request-*"

    private func isDelayed(_ status: SettlementStatus, _ part: String) -> Bool {
        if case .delayed(let reason) = status { reason.contains(part) } else { false }
    }

    private func isRefused(_ status: SettlementStatus, _ part: String) -> Bool {
        if case .refused(let reason) = status { reason.contains(part) } else { false }
    }

    @Test
    func aListThatAMessageNamesAndTheUserMayNotTouchIsItsOwnTrouble() async throws {
        let bench = try await RedisSortedSetBench()
        try bench.submit("a", "b", "c")
        let taken = try await bench.source().take(3)
        let keys = Self.ownKeys.split(separator: " ").map(String.init)
        let sink = bench.sink(url: try url(bench, keys[0], keys[1], keys[2], keys[3], keys[4], "+@all"))
        try await sink.connect()
        let batch = zip(taken, ["result-list", "tenant-b", "result-list"]).map { bench.result($0, to: $1, $0.text) }
        let statuses = try await sink.settle(batch)
        #expect(statuses[0] == .settled && statuses[2] == .settled)
        #expect(isRefused(statuses[1], "LPUSH tenant-b"))
        #expect(await sink.health() == .reachable)
        #expect(try bench.popped() == ["a", "c"])
    }

    @Test(arguments: ["-lpush", "resetkeys ~request-sortedset ~retry-sortedset ~async:*"])
    func aRightThatIsMissingForResultsIsWaitedFor(rules: String) async throws {
        let bench = try await RedisSortedSetBench()
        try bench.submit("a")
        let taken = try await bench.source().take(1)
        let sink = bench.sink(url: try url(bench, "~*", "+@all"))
        try await sink.connect()
        for rule in rules.split(separator: " ").map(String.init) {
            _ = try bench.server.command("ACL", "SETUSER", "ap", rule)
        }
        for _ in 0..<12 {
            let statuses = try await sink.settle([bench.result(taken[0], "a")])
            #expect(isDelayed(statuses[0], "LPUSH result-list"), "\(statuses)")
        }
        guard case .unreachable = await sink.health() else { return #expect(Bool(false), "ready") }
        _ = try bench.server.command("ACL", "SETUSER", "ap", "+lpush", "~*")
        #expect(try await sink.settle([bench.result(taken[0], "a")]) == [.settled])
        #expect(await sink.health() == .reachable)
        #expect(try bench.popped() == ["a"])
    }

    @Test(arguments: ["hdel", "zrem", "hsetnx", "lpush", "rpop"])
    func saysAtItsStartWhichRightIsMissing(command: String) async throws {
        let bench = try await RedisSortedSetBench()
        let sink = bench.sink(url: try url(bench, "~*", "+@all", "-\(command)"))
        let error = await #expect(throws: QueueError.self) { try await sink.connect() }
        #expect(error?.reason.contains("(\(command.uppercased()) ") == true)
        #expect(try bench.keys() == [])
        _ = try bench.server.command("ACL", "SETUSER", "ap", "+\(command)")
        try await sink.connect()
    }

    @Test(arguments: [
        ["-mget"], ["-del"], ["resetkeys", "~request-sortedset", "~retry-sortedset", "~async:*", "~result-list"],
    ])
    func producersKeysThatCannotBeRemovedKeepNoResult(rules: [String]) async throws {
        let bench = try await RedisSortedSetBench()
        try bench.submit(tagged(id: "a", token: "t1"), "b")
        _ = try bench.server.command("SET", "request-active:a", "t1")
        let taken = try await bench.source().take(2)
        let sink = bench.sink(url: try url(bench, "~*", "+@all"))
        for rule in rules { _ = try bench.server.command("ACL", "SETUSER", "ap", rule) }
        try await sink.connect()
        let batch = [bench.result(taken[0], id: "a", "a"), bench.result(taken[1], id: "b", "b")]
        #expect(try await sink.settle(batch) == [.settled, .settled])
        #expect(try await sink.settle(batch) == [.stale, .stale])
        #expect(try bench.keys() == ["request-active:a", "result-list"])
    }

    @Test
    func oneAnswerThatFindsNoRoomWaitsAlone() async throws {
        let bench = try await RedisSortedSetBench()
        let bodies = (0..<20).map { "\($0)" }
        for body in bodies { try bench.submit(body) }
        let taken = try await bench.source().take(20)
        let used = try bench.server.command("INFO", "memory").text?.split(separator: "\r\n")
            .first { $0.hasPrefix("used_memory:") }.flatMap { Int($0.dropFirst(12)) }
        _ = try bench.server.command("CONFIG", "SET", "maxmemory", try #require(used) + (6 << 20))
        let large = String(repeating: "x", count: 8 << 20)
        let batch = taken.map { bench.result($0, $0.text == "7" ? large : $0.text) }
        let sink = bench.sink()
        let statuses = try await sink.settle(batch)
        #expect(statuses.indices.filter { statuses[$0] != .settled }.map { taken[$0].text } == ["7"])
        #expect(statuses.contains { isDelayed($0, "OOM") })
        #expect(Set(try bench.popped()) == Set(bodies).subtracting(["7"]))
        _ = try bench.server.command("CONFIG", "SET", "maxmemory", 0)
        #expect(try await sink.settle(batch).filter { $0 == .settled }.count == 1)
    }

    @Test
    func oneAnswerThatTheServerTakesInNoPieceIsRefusedAlone() async throws {
        let bench = try await RedisSortedSetBench()
        try bench.submit("a", "b", "c")
        let taken = try await bench.source().take(3)
        _ = try bench.server.command("CONFIG", "SET", "proto-max-bulk-len", 1 << 20)
        let large = String(repeating: "x", count: 2 << 20)
        let batch = taken.map { bench.result($0, $0.text == "b" ? large : $0.text) }
        let sink = bench.sink()
        // The server closes the connection: for whatever was on its way nobody knows.
        var last: [SettlementStatus]?
        for _ in 0..<10 where last == nil { last = try? await sink.settle(batch) }
        let statuses = try #require(last)
        #expect(statuses[1] != .settled && statuses[1] != .stale)
        #expect(try bench.popped() == ["a", "c"])
        #expect(try await sink.settle([batch[0]]) == [.stale])
    }

    @Test(arguments: ["request-sortedset", "retry-sortedset", "async:request-sortedset:state", "x:dead-letter"])
    func noResultGoesWhereRequestsAre(destination: String) async throws {
        let bench = try await RedisSortedSetBench()
        try bench.submit("a", "b")
        let taken = try await bench.source().take(2)
        let batch = [bench.result(taken[0], to: destination, "a"), bench.result(taken[1], "b")]
        let statuses = try await bench.sink().settle(batch)
        #expect(isRefused(statuses[0], "requests are kept"))
        #expect(statuses[1] == .settled)
        #expect(try bench.popped() == ["b"])
        #expect(try bench.server.command("TYPE", destination).text != "list")
    }

    @Test
    func parksAnEnvelopeAsItIsWhateverItHolds() async throws {
        let bench = try await RedisSortedSetBench()
        let deep = String(repeating: "[", count: 3000) + String(repeating: "]", count: 3000)
        let inside = #""a":1e400,"b":9007199254740993,"c":\#(deep),"d":"\"}],{","retry_count":7"#
        let body = #"{ "internal": {\#(inside)}, "request_kind": "redis","data":{"id":"a","payload":{"x": 1.0}}}"#
        try bench.submit(body, "b")
        let source = try await bench.source()
        let taken = try await source.take(2)
        let batch = [
            bench.settlement(taken[0], .park(afterMilliseconds: 0, failedAttempts: 1)), bench.result(taken[1], "b"),
        ]
        #expect(try await bench.sink().settle(batch) == [.settled, .settled])
        let entry = try #require(try bench.members("retry-sortedset").first)
        #expect(entry.contains(#""a":1e400,"b":9007199254740993,"c":\#(deep),"d":"\"}],{"}"#))
        #expect(entry.hasPrefix(#"{"internal":{"retry_count":1,"#) && !entry.contains(#""retry_count":7"#))
        #expect(try await source.take(1).map(\.text) == [body])
    }
}
