import GRDB
import Messages
import Primitives
import Queue
import Testing

@testable import SQLite
@testable import SQLiteSink
@testable import SQLiteSource

@Suite(.timeLimit(.minutes(1)))
struct SchemaTests {
    @Test(arguments: [true, false])
    func bothTablesExistOnceEitherStageHasStarted(isIngest: Bool) async throws {
        try await withFolder { path in
            if isIngest {
                try await SQLiteSource(path: path, queue: "requests").connect()
            } else {
                try await SQLiteSink(path: path).connect()
            }
            try plain(path) { database in
                try database.execute(sql: "INSERT INTO requests(body) VALUES('{}')")
                #expect(try Row.fetchAll(database, sql: "SELECT id, body FROM results").isEmpty)
            }
        }
    }

    @Test
    func takesWhatAProducerWroteIntoATableOfItsOwn() async throws {
        try await withFolder { path in
            try plain(path) { database in
                try database.execute(
                    sql: """
                        CREATE TABLE requests(
                            seq INTEGER PRIMARY KEY AUTOINCREMENT, queue TEXT NOT NULL DEFAULT 'requests',
                            body NOT NULL);
                        INSERT INTO requests(body) VALUES('text'), (X'00FF'), (5);
                        """)
            }
            let source = SQLiteSource(path: path, queue: "requests")
            try await source.connect()
            try plain(path) { try $0.execute(sql: "INSERT INTO requests(body) VALUES('later')") }
            let bodies = try await source.lease(limit: 10).map { Array($0.bytes) }
            #expect(bodies == [Array("text".utf8), [0x00, 0xFF], Array("5".utf8), Array("later".utf8)])
        }
    }

    @Test
    func isMadeOnceByManyAtTheSameTime() async throws {
        try await withFolder { path in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<8 {
                    group.addTask { try await SQLiteSink(path: path).connect() }
                    group.addTask { try await SQLiteSource(path: path, queue: "q").connect() }
                }
                try await group.waitForAll()
            }
            #expect(try QueueDatabase(path: path).openRequests() == 0)
        }
    }

    @Test
    func keepsWhatIsThereWhenMadeAgain() async throws {
        try await withFolder { path in
            let database = try QueueDatabase(path: path)
            #expect(try database.submit([Bytes("a".utf8), Bytes("b".utf8)]) == [1, 2])
            let leased = try database.lease(queue: "requests", limit: 1, milliseconds: 60_000, takeOver: true)
            // As an operator who runs the printed statements by hand.
            try plain(path) { try $0.execute(sql: Schema.sql) }
            #expect(try database.renew(leased.map(\.receipt), milliseconds: 60_000) == [])
            #expect(try QueueDatabase(path: path).openRequests() == 2)
        }
    }

    @Test
    func refusesAFileOfANewerProgram() async throws {
        try await withFolder { path in
            try QueueDatabase.create(path: path)
            try plain(path) { try $0.execute(sql: "PRAGMA user_version = 99") }
            let error = #expect(throws: QueueError.self) { try QueueDatabase.create(path: path) }
            #expect(error?.isTransient == false)
            #expect(error?.reason.contains("99") == true)
        }
    }

    @Test
    func waitsForTheDiskOnlyWhereAskedTo() async throws {
        try await withFolder { path in
            for (durability, level) in [(QueueDatabase.Durability.full, 2), (.normal, 1)] {
                let database = try QueueDatabase(path: path, durability: durability)
                #expect(try database.read("ask") { try Int.fetchOne($0, sql: "PRAGMA synchronous") } == level)
                #expect(try database.read("ask") { try String.fetchOne($0, sql: "PRAGMA journal_mode") } == "wal")
            }
        }
    }

    @Test(arguments: [(QueueDatabase.stateSQL, ["q"]), (QueueDatabase.leasableSQL, ["q", "0", "0", "1"])])
    func findsTheNextRequestByItsIndex(sql: String, arguments: [String]) async throws {
        try await withFolder { path in
            let steps = try QueueDatabase(path: path).read("explain") { database in
                try Row.fetchAll(
                    database, sql: "EXPLAIN QUERY PLAN \(sql)", arguments: StatementArguments(arguments)
                ).map { row -> String in row["detail"] }
            }
            #expect(steps.contains { $0.contains("INDEX request_state_next") })
            #expect(!steps.contains { $0.contains("TEMP B-TREE") || $0.hasPrefix("SCAN r") || $0.hasPrefix("SCAN s ") })
        }
    }

    @Test
    func countsInMillisecondsSince1970() async throws {
        try await withFolder { path in
            let now = try QueueDatabase(path: path).state(queue: "q").nowMilliseconds
            #expect(abs(now - WallClock.now().milliseconds) < 10_000)
        }
    }
}
