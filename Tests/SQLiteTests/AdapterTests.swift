import Foundation
import GRDB
import Messages
import Queue
import SQLite
import Testing

@testable import SQLiteSink
@testable import SQLiteSource

/// What only this kind of queue does: gaps, files that move, wake-ups.
@Suite(.timeLimit(.minutes(1)))
struct AdapterTests {
    @Test
    func takesNothingOverForAThirdOfALeaseAfterAnOutage() async throws {
        try await withDatabase { harness in
            let dead = harness.makeSource(queue: "requests", lease: .milliseconds(1))
            let source = harness.makeSource(queue: "requests", lease: .seconds(3))
            try await dead.connect()
            try await source.connect()
            try harness.publish(Array("a".utf8), to: "requests")
            let lost = try await dead.lease(limit: 1)
            try harness.stopServer()
            await #expect(throws: QueueError.self) { try await source.renew(lost.map(\.receipt)) }
            try harness.startServer()
            let start = ContinuousClock.now
            #expect(try await source.lease(limit: 1).first?.deliveries == 1)
            #expect(ContinuousClock.now - start >= .milliseconds(950))
        }
    }

    @Test
    func takesNothingOverForAThirdOfALeaseAfterItStoodStill() async throws {
        try await withDatabase { harness in
            let dead = harness.makeSource(queue: "requests", lease: .milliseconds(1))
            let source = harness.makeSource(queue: "requests", lease: .milliseconds(900))
            try await dead.connect()
            try await source.connect()
            try harness.publish(Array("a".utf8), to: "requests")
            #expect(try await dead.lease(limit: 1).count == 1)
            // Neither leases nor renews for longer than half a lease.
            try await Task.sleep(for: .milliseconds(600))
            let start = ContinuousClock.now
            #expect(try await source.lease(limit: 1).first?.deliveries == 1)
            #expect(ContinuousClock.now - start >= .milliseconds(280))
        }
    }

    @Test
    func waitsForAFileThatWasMovedAwayInsteadOfMakingAnother() async throws {
        try await withDatabase { harness in
            let source = harness.makeSource(queue: "requests", lease: .seconds(60))
            let sink = harness.makeSink()
            try await source.connect()
            try await sink.connect()
            try harness.publish(Array("a".utf8), to: "requests")
            let delivery = try await source.lease(limit: 1)[0]
            let result = Settlement(
                receipt: delivery.receipt, queue: "requests", destination: "", id: "a", action: .result([0x31]))

            let aside = harness.path + ".aside"
            try FileManager.default.moveItem(atPath: harness.path, toPath: aside)
            await #expect(throws: QueueError.self) { try await sink.settle([result]) }
            await #expect(throws: QueueError.self) { try await source.lease(limit: 1) }
            await #expect(throws: QueueError.self) { try await sink.connect() }
            await #expect(throws: QueueError.self) { try await source.connect() }
            #expect(await source.health() != .reachable)
            #expect(!FileManager.default.fileExists(atPath: harness.path))

            try FileManager.default.moveItem(atPath: aside, toPath: harness.path)
            try await sink.connect()
            try await source.connect()
            #expect(try await sink.settle([result]) == [.settled])
            #expect(await source.health() == .reachable)
        }
    }

    @Test
    func failsUntilItIsConnected() async throws {
        try await withFolder { path in
            let source = SQLiteSource(path: path, queue: "requests")
            let sink = SQLiteSink(path: path)
            await #expect(throws: QueueError.self) { try await source.lease(limit: 1) }
            await #expect(throws: QueueError.self) { try await source.renew([Receipt("1.1.1")]) }
            await #expect(throws: QueueError.self) { try await sink.settle([]) }
            #expect(await source.health() != .reachable)
            #expect(await sink.health() != .reachable)
        }
    }

    @Test
    func saysWhatItCannotOpen() async throws {
        let path = "/nonexistent-folder/queue.db"
        await #expect { try await SQLiteSink(path: path).connect() } throws: { error in
            "\(error)".contains(path) && (error as? QueueError)?.isTransient == true
        }
    }

    @Test
    func sleepsOnAndWakesUpWithinMilliseconds() async throws {
        try await withDatabase { harness in
            let source = harness.makeSource(queue: "requests", lease: .seconds(60))
            try await source.connect()
            // Asking alone would take 25 ms or more in the middle; a busy machine gets some tries.
            var latency = Duration.seconds(60)
            for _ in 0..<4 where latency > .milliseconds(15) {
                latency = try await Self.medianLatency(source, harness)
            }
            #expect(latency <= .milliseconds(15))
        }
    }

    /// From a producer's commit to the end of `lease`, when the source had been idle.
    private static func medianLatency(
        _ source: any RequestSource, _ harness: SQLiteHarness
    ) async throws -> Duration {
        var latencies: [Duration] = []
        for number in 0..<9 {
            let waiting = Task { try await source.lease(limit: 1) }
            // Long enough that the source would not ask soon by itself.
            try await Task.sleep(for: .milliseconds(130))
            try harness.publish(Array("\(number)".utf8), to: "requests")
            let start = ContinuousClock.now
            #expect(try await waiting.value.count == 1)
            latencies.append(ContinuousClock.now - start)
        }
        return latencies.sorted()[4]
    }

    @Test
    func worksThroughASymbolicLink() async throws {
        try await withDatabase { harness in
            let link = harness.path + ".link"
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: harness.path)
            let source = SQLiteSource(path: link, queue: "requests")
            try await source.connect()
            try harness.publish(Array("a".utf8), to: "requests")
            #expect(try await source.lease(limit: 1).count == 1)
            #expect(try QueueDatabase(path: link).logPath.hasSuffix("queue.db-wal"))
        }
    }

    /// The kernel's view: transactions of several processes, each with connections of its own.
    @Test
    func sharesAQueueAmongManyConnections() async throws {
        try await withDatabase { harness in
            let count = 300
            let results = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<3 {
                    group.addTask { try await Self.work(harness, until: count) }
                }
                for number in 0..<count { try harness.publish(Array("\(number)".utf8), to: "requests") }
                return try await group.reduce(0, +)
            }
            #expect(results == count)
            let ids = try harness.results(of: "requests").map { String(decoding: $0, as: UTF8.self) }
            #expect(ids.sorted() == (0..<count).map { "\($0)" }.sorted())
        }
    }

    /// Leases and settles until the database has `count` results; returns how many were settled here.
    private static func work(_ harness: SQLiteHarness, until count: Int) async throws -> Int {
        let source = harness.makeSource(queue: "requests", lease: .seconds(60))
        let sink = SQLiteSink(path: harness.path)
        try await source.connect()
        try await sink.connect()
        var settled = 0
        while try harness.results(of: "requests").count < count {
            let deliveries = try await withThrowingTaskGroup(of: [Delivery].self) { group in
                group.addTask { try await source.lease(limit: 10) }
                group.addTask {
                    try? await Task.sleep(for: .milliseconds(50))
                    return []
                }
                var deliveries = try await group.next() ?? []
                group.cancelAll()
                for try await more in group { deliveries += more }
                return deliveries
            }
            let statuses = try await sink.settle(
                deliveries.map {
                    Settlement(
                        receipt: $0.receipt, queue: "requests", destination: "", id: "", action: .result($0.bytes))
                })
            settled += statuses.count { $0 == .settled }
        }
        return settled
    }
}

/// Source and sink agree on which file they have.
@Suite(.timeLimit(.minutes(1)))
struct StoreNameTests {
    @Test
    func bothSidesCallOneFileByOneNameAndACopyToo() async throws {
        try await withFolder { path in
            let source = SQLiteSource(path: path, queue: "requests")
            try await source.connect()
            let sink = SQLiteSink(path: path)
            try await sink.connect()
            let name = try await source.identity()
            #expect(try await sink.identity() == name)
            let (other, copy) = (path + ".other", path + ".copy")
            let stranger = SQLiteSink(path: other)
            try await stranger.connect()
            #expect(try await stranger.identity() != name)
            try plain(path) { try $0.execute(sql: "VACUUM INTO '\(copy)'") }
            let restored = SQLiteSink(path: copy)
            try await restored.connect()
            #expect(try await restored.identity() == name)
        }
    }

    /// As a file that an earlier release has made.
    @Test
    func namesAFileThatHasNoName() async throws {
        try await withFolder { path in
            try await SQLiteSink(path: path).connect()
            try plain(path) { try $0.execute(sql: "DROP TABLE store_name") }
            let sink = SQLiteSink(path: path)
            try await sink.connect()
            guard case .store = try await sink.identity() else {
                Issue.record("no name")
                return
            }
        }
    }
}
