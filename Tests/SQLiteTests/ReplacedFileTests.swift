import Foundation
import GRDB
import Messages
import Queue
import QueueConformance
import SQLite
import Testing

/// What people do to the files of a queue while stages have them open.
@Suite(.timeLimit(.minutes(1)))
struct ReplacedFileTests {
    @Test
    func goesOnWithAFileThatWasPutInItsPlace() async throws {
        try await withDatabase { harness in
            let (source, sink) = try await connected(harness)
            try harness.publish(Array("before".utf8), to: "requests")
            let old = try await source.lease(limit: 1)[0]
            try restore(harness, keepingLog: false)
            try harness.publish(Array("after".utf8), to: "requests")
            let new = try await tried { try await source.lease(limit: 9) }
            #expect(new.map { String(decoding: $0.bytes, as: UTF8.self) } == ["after"])
            // The copy was made while the old one was leased, so its lease counts there.
            let statuses = try await tried { try await sink.settle([result(old, "1"), result(new[0], "2")]) }
            #expect(statuses == [.settled, .settled])
            #expect(try harness.results(of: "requests") == [Array("1".utf8), Array("2".utf8)])
        }
    }

    /// By somebody who archives, or by mistake: what is missing is said, and made again where it belongs.
    @Test(arguments: [
        "ALTER TABLE requests RENAME TO requests_old", "DROP TABLE requests", "DROP TRIGGER request_arrives",
        "ALTER TABLE request_state RENAME TO states_old", "DROP TABLE request_state", "DROP INDEX request_state_next",
        "ALTER TABLE results RENAME TO results_old", "DROP TABLE dead_letters",
    ])
    func makesTablesAgainThatWereTakenAway(change: String) async throws {
        try await withDatabase { harness in
            let (source, sink) = try await connected(harness)
            try harness.publish(Array("before".utf8), to: "requests")
            let first = try await source.lease(limit: 1)[0]
            #expect(try await sink.settle([result(first, "1")]) == [.settled])
            // Idle: nobody asks for the table.
            let waiting = Task { try await source.lease(limit: 1) }
            try plain(harness.path) { try $0.execute(sql: change) }
            let error = await #expect(throws: QueueError.self, performing: { _ = try await waiting.value })
            #expect(error?.reason.contains("made again") == true)
            let asked = Task { try await tried { try await source.lease(limit: 1) } }
            try await tried { try harness.publish(Array("after".utf8), to: "requests") }
            let next = try await asked.value
            #expect(next.map { String(decoding: $0.bytes, as: UTF8.self) } == ["after"])
            #expect(try await tried { try await sink.settle([result(next[0], "2")]) } == [.settled])
            #expect(try harness.results(of: "requests").last == Array("2".utf8))
        }
    }

    /// SQLite would write the pages of the old file into the new one.
    @Test
    func waitsWhileTheOldLogLiesBesideANewFile() async throws {
        try await withDatabase { harness in
            let (source, sink) = try await connected(harness)
            try harness.publish(Array("a".utf8), to: "requests")
            let delivery = try await source.lease(limit: 1)[0]
            try restore(harness, keepingLog: true)
            for _ in 0..<2 {
                await #expect(throws: QueueError.self) { try await sink.settle([result(delivery, "1")]) }
            }
            await #expect {
                try await sink.connect()
            } throws: { error in
                "\(error)".contains("belongs to the old one; remove it")
            }
            for end in ["-wal", "-shm"] { unlink(harness.path + end) }
            #expect(try await tried { try await sink.settle([result(delivery, "1")]) } == [.settled])
        }
    }

    @Test(arguments: [["-wal"], ["-wal", "-shm"], ["-shm"]])
    func keepsWhatStoodInALogThatWasRemoved(ends: [String]) async throws {
        try await withDatabase { harness in
            let (source, sink) = try await connected(harness)
            for name in ["a", "b", "c"] { try harness.publish(Array(name.utf8), to: "requests") }
            let deliveries = try await source.lease(limit: 3)
            #expect(try await sink.settle([result(deliveries[0], "1")]) == [.settled])
            for end in ends { unlink(harness.path + end) }
            // Said, and not taken for written where nobody would find it.
            await #expect(throws: QueueError.self) { try await sink.settle([result(deliveries[1], "2")]) }
            #expect(try await tried { try await source.renew([deliveries[2].receipt]) } == [])
            #expect(try await tried { try await sink.settle([result(deliveries[1], "2")]) } == [.settled])
            #expect(try harness.results(of: "requests") == [Array("1".utf8), Array("2".utf8)])
            #expect(try plain(harness.path) { try String.fetchOne($0, sql: "PRAGMA integrity_check") } == "ok")
        }
    }

    @Test
    func seesBetweenCallsThatItsFileIsGoneAndBack() async throws {
        try await withDatabase { harness in
            let (source, sink) = try await connected(harness)
            #expect(await sink.health() == .reachable)
            for end in ["", "-wal", "-shm"] { unlink(harness.path + end) }
            #expect(await sink.health() != .reachable)
            #expect(await source.health() != .reachable)
            #expect(!FileManager.default.fileExists(atPath: harness.path))
            // Whoever opens it next: a producer whose library makes an empty file.
            _ = FileManager.default.createFile(atPath: harness.path, contents: nil)
            _ = try await tried { if await sink.health() != .reachable { throw Again() } }
            _ = try await tried { if await source.health() != .reachable { throw Again() } }
            try harness.publish(Array("a".utf8), to: "requests")
            #expect(try await tried { try await source.lease(limit: 1) }.count == 1)
        }
    }

    private func connected(
        _ harness: SQLiteHarness
    ) async throws -> (source: any RequestSource, sink: any ResultSink) {
        let source = harness.makeSource(queue: "requests", lease: .seconds(60))
        let sink = harness.makeSink()
        try await source.connect()
        try await sink.connect()
        return (source, sink)
    }

    private func result(_ delivery: Delivery, _ body: String) -> Settlement {
        Settlement(
            receipt: delivery.receipt, queue: "requests", destination: "", id: "a",
            action: .result(Array(body.utf8)[...]))
    }

    /// Puts a copy in the place of the database, as people restore a backup.
    private func restore(_ harness: SQLiteHarness, keepingLog: Bool) throws {
        let copy = harness.path + ".copy"
        try DatabaseQueue(path: harness.path).backup(to: DatabaseQueue(path: copy))
        #expect(rename(copy, harness.path) == 0)
        if !keepingLog { for end in ["-wal", "-shm"] { unlink(harness.path + end) } }
    }

    /// Calls again until it works, as stages do.
    private func tried<T>(_ call: () async throws -> T) async throws -> T {
        let end = ContinuousClock.now + .seconds(20)
        while true {
            do { return try await call() } catch  where ContinuousClock.now < end {
                try await Task.sleep(for: .milliseconds(20))
            }
        }
    }

    private struct Again: Error {}
}
