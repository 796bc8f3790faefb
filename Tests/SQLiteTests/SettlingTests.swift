import GRDB
import Messages
import Queue
import Testing

@testable import SQLite
@testable import SQLiteSink
@testable import SQLiteSource

/// What settling leaves in the tables.
@Suite(.timeLimit(.minutes(1)))
struct SettlingTests {
    @Test
    func keepsNothingOfAFinishedRequestButItsRecord() async throws {
        try await withLeases(["a", "b", "c"]) { database, leases in
            let statuses = try database.settle([
                settlement(leases[1], id: "id b", .result(Bytes(#"{"id":"id b"}"#.utf8)), destination: "elsewhere"),
                settlement(leases[0], id: "id a", .result(Bytes(#"{"id":"id a"}"#.utf8))),
                settlement(leases[2], id: "", .deadLetter(reason: "no id", result: nil)),
            ])
            #expect(statuses == [.settled, .settled, .settled])
            #expect(try database.openRequests() == 0)
            let rows = try plain(database.path) { connection in
                try Row.fetchAll(
                    connection, sql: "SELECT seq, request, id, queue, destination, typeof(body) FROM results"
                )
                .map { $0.databaseValues.map { "\($0.storage.value ?? "")" }.joined(separator: "|") }
            }
            #expect(rows == ["1|2|id b|requests|elsewhere|text", "2|1|id a|requests||text"])
            #expect(try database.results(after: 1, limit: 10).map(\.body) == [#"{"id":"id a"}"#])
            let letter = try #require(try database.deadLetters(after: 0, limit: 10).first)
            #expect(letter.request == 3 && letter.reason == "no id" && letter.body == Array("c".utf8))
            let left = try plain(database.path) { connection in
                try Int.fetchOne(connection, sql: "SELECT count(*) FROM requests")
            }
            #expect(left == 0)
        }
    }

    /// Whatever a producer calls a request, it finds it by that.
    @Test
    func keepsIdsByteForByte() async throws {
        try await withLeases(["a", "b", "c"]) { database, leases in
            let ids = ["a\0b", "a\0c"]
            let statuses = try database.settle([
                settlement(leases[0], id: ids[0], .result(Bytes("{}".utf8))),
                settlement(leases[1], id: ids[1], .result(Bytes("{}".utf8))),
                settlement(leases[2], id: ids[0], .deadLetter(reason: "r\0s", result: nil)),
            ])
            #expect(statuses == [.settled, .settled, .settled])
            let rows = try plain(database.path) { connection in
                try String.fetchAll(
                    connection,
                    sql: """
                        SELECT typeof(id) || hex(id) FROM results UNION ALL
                        SELECT typeof(id) || hex(id) || hex(reason) FROM dead_letters
                        """)
            }
            #expect(rows == ["text610062", "text610063", "text610062720073"])
        }
    }

    @Test
    func oneThatFindsNoRoomWaitsAloneAndTheOthersAreSettled() async throws {
        try await withLeases(["a", "b", "c", "d"]) { database, leases in
            let pages = try plain(database.path) { try Int.fetchOne($0, sql: "PRAGMA page_count") ?? 0 }
            try database.limitPages(pages + 20)
            let large = Bytes(repeating: UInt8(ascii: "x"), count: 1 << 20)
            let batch = leases.enumerated().map { index, lease in
                settlement(lease, id: "\(index)", .result(index == 2 ? large : Bytes("small".utf8)))
            }
            let statuses = try database.settle(batch)
            guard case .delayed(let reason) = statuses[2] else { return #expect(Bool(false), "\(statuses)") }
            #expect(reason.contains("full"))
            #expect(try database.results(after: 0, limit: 10).map(\.id) == ["0", "1", "3"])
            try database.limitPages(1 << 20)
            #expect(try database.settle(batch) == [.stale, .stale, .settled, .stale])
        }
    }

    @Test
    func refusesOneSettlementWithoutHarmToTheOthers() async throws {
        try await withLeases(["a", "b", "c"]) { database, leases in
            try plain(database.path) { connection in
                try connection.execute(
                    sql: """
                        CREATE TRIGGER picky BEFORE INSERT ON results WHEN new.id = 'bad'
                        BEGIN SELECT RAISE(ABORT, 'not this one'); END
                        """)
            }
            let statuses = try database.settle([
                settlement(leases[0], id: "good", .result(Bytes("1".utf8))),
                settlement(leases[1], id: "bad", .result(Bytes("2".utf8))),
                settlement(leases[2], id: "bad", .deadLetter(reason: "r", result: Bytes("3".utf8))),
            ])
            #expect(statuses == [.settled, .refused(reason: "not this one"), .refused(reason: "not this one")])
            #expect(try database.results(after: 0, limit: 10).map(\.id) == ["good"])
            // Not half of a dead letter either, and both leases stand.
            #expect(try database.deadLetters(after: 0, limit: 10) == [])
            #expect(try database.renew(leases[1...].map(\.receipt), milliseconds: 1000) == [])
        }
    }

    @Test
    func writesNoResultWhenTheRequestCannotBeRemoved() async throws {
        try await withLeases(["a"]) { database, leases in
            try plain(database.path) { connection in
                try connection.execute(
                    sql: "CREATE TRIGGER keep BEFORE DELETE ON requests BEGIN SELECT RAISE(ABORT, 'stays'); END")
            }
            let status = try database.settle([settlement(leases[0], .result(Bytes("1".utf8)))])
            #expect(status == [.refused(reason: "stays")])
            #expect(try database.results(after: 0, limit: 10) == [])
            #expect(try database.openRequests() == 1)
        }
    }

    @Test
    func takesAResultForARequestThatAnotherHolderParked() async throws {
        try await withLeases(["a"]) { database, leases in
            let next = try database.lease(queue: "requests", limit: 1, milliseconds: 60_000, takeOver: true)
            #expect(next.isEmpty)
            let park = settlement(leases[0], .park(afterMilliseconds: 60_000, failedAttempts: 1))
            #expect(try database.settle([park]) == [.settled])
            #expect(try database.settle([settlement(leases[0], .result(Bytes("late".utf8)))]) == [.settled])
            #expect(try database.openRequests() == 0)
        }
    }

    @Test
    func treatsADeletedRequestAsGone() async throws {
        try await withLeases(["a"]) { database, leases in
            try plain(database.path) { try $0.execute(sql: "DELETE FROM requests") }
            #expect(try database.renew([leases[0].receipt], milliseconds: 1000) == [leases[0].receipt])
            #expect(try database.settle([settlement(leases[0], .result(Bytes("1".utf8)))]) == [.stale])
        }
    }

    @Test
    func doesNotMistakeARowOfAnotherFileForItsOwn() async throws {
        try await withLeases(["a"]) { _, leases in
            try await withLeases(["another"]) { (database, _) async throws in
                let result = settlement(leases[0], .result(Bytes("1".utf8)))
                #expect(try database.settle([result]) == [.stale])
                #expect(try database.openRequests() == 1)
            }
        }
    }

    @Test
    func keepsAResultByteForByteEvenIfItIsNotText() async throws {
        try await withLeases(["a"]) { database, leases in
            #expect(try database.settle([settlement(leases[0], .result([0x22, 0xFF, 0x22]))]) == [.settled])
            let hexadecimal = try plain(database.path) { connection in
                try String.fetchOne(connection, sql: "SELECT hex(body) FROM results")
            }
            #expect(hexadecimal == "22FF22")
        }
    }

    @Test
    func letsADeadLetterBeSubmittedAgainWithPlainSQL() async throws {
        try await withLeases(["a"]) { database, leases in
            #expect(try database.settle([settlement(leases[0], .deadLetter(reason: "r", result: nil))]) == [.settled])
            try plain(database.path) { connection in
                try connection.execute(sql: "INSERT INTO requests(queue, body) SELECT queue, body FROM dead_letters")
            }
            let again = try database.lease(queue: "requests", limit: 5, milliseconds: 1000, takeOver: true)
            #expect(again.map { Array($0.bytes) } == [Array("a".utf8)])
            #expect(again[0].deliveries == 0)
        }
    }

    /// A database with these requests, all leased, in order.
    private func withLeases(
        _ bodies: [String], _ body: (QueueDatabase, [Delivery]) async throws -> Void
    ) async throws {
        try await withFolder { path in
            let database = try QueueDatabase(path: path)
            _ = try database.submit(bodies.map { Bytes($0.utf8) })
            let leases = try database.lease(queue: "requests", limit: 100, milliseconds: 60_000, takeOver: true)
            try await body(database, leases)
        }
    }

    private func settlement(
        _ delivery: Delivery, id: String = "", _ action: Settlement.Action, destination: String = ""
    ) -> Settlement {
        Settlement(receipt: delivery.receipt, queue: "requests", destination: destination, id: id, action: action)
    }
}
