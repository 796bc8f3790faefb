import GRDB
import Messages
import Queue
import Testing

@testable import SQLite
@testable import SQLiteSink
@testable import SQLiteSource

/// The order and the bounds of leasing, on one connection.
@Suite(.timeLimit(.minutes(1)))
struct LeasingTests {
    @Test
    func handsOutDueRetriesThenExpiredLeasesThenTheRestInOrderOfArrival() async throws {
        try await withFolder { path in
            let database = try QueueDatabase(path: path)
            _ = try database.submit(
                ["new", "expired", "late retry", "early retry", "not due", "newer"].map { Bytes($0.utf8) })
            // States as they are reached after a while.
            try plain(path) { connection in
                try connection.execute(
                    sql: """
                        UPDATE request_state SET state = 2, until_ms = 1000, token = 7 WHERE seq = 2;
                        UPDATE request_state SET state = 1, until_ms = 3000 WHERE seq = 3;
                        UPDATE request_state SET state = 1, until_ms = 2000 WHERE seq = 4;
                        UPDATE request_state SET state = 1, until_ms = 99999999999999 WHERE seq = 5;
                        """)
            }
            let order = try database.lease(queue: "requests", limit: 10, milliseconds: 60_000, takeOver: true)
            #expect(order.map(text) == ["early retry", "late retry", "expired", "new", "newer"])
            #expect(order.map(\.deliveries) == [0, 0, 1, 0, 0])
        }
    }

    @Test
    func leavesExpiredLeasesAloneWhenToldTo() async throws {
        try await withFolder { path in
            let database = try QueueDatabase(path: path)
            _ = try database.submit([Bytes("a".utf8), Bytes("b".utf8)])
            #expect(
                try database.lease(queue: "requests", limit: 1, milliseconds: 0, takeOver: false).map(text) == ["a"])
            #expect(
                try database.lease(queue: "requests", limit: 9, milliseconds: 0, takeOver: false).map(text) == ["b"])
            #expect(try database.lease(queue: "requests", limit: 9, milliseconds: 0, takeOver: false) == [])
            #expect(try database.lease(queue: "requests", limit: 9, milliseconds: 0, takeOver: true).count == 2)
        }
    }

    @Test
    func endsABatchWithTheBodyThatFillsIt() async throws {
        try await withFolder { path in
            let database = try QueueDatabase(path: path)
            _ = try database.submit((0..<5).map { _ in Bytes(repeating: 0x20, count: 100) })
            var counts: [Int] = []
            for maximum in [1, 200, 1000] {
                counts.append(
                    try database.lease(
                        queue: "requests", limit: 9, milliseconds: 60_000, takeOver: true, maxBytes: maximum
                    ).count)
            }
            #expect(counts == [1, 2, 2])
        }
    }

    @Test
    func foresaysWhatIsNext() async throws {
        try await withFolder { path in
            let database = try QueueDatabase(path: path)
            let empty = try database.state(queue: "requests")
            #expect(!empty.hasReady && empty.parkedDueMilliseconds == nil && empty.leaseEndMilliseconds == nil)

            _ = try database.submit([Bytes("a".utf8), Bytes("b".utf8), Bytes("c".utf8)])
            let leased = try database.lease(queue: "requests", limit: 2, milliseconds: 5000, takeOver: true)
            _ = try database.settle([settlement(leased[0], .park(afterMilliseconds: 2000, failedAttempts: 1))])
            let state = try database.state(queue: "requests")
            #expect(state.hasReady)
            let due = try #require(state.parkedDueMilliseconds) - state.nowMilliseconds
            let end = try #require(state.leaseEndMilliseconds) - state.nowMilliseconds
            #expect((1...2000).contains(due))
            #expect((1...5000).contains(end) && end > due)
            #expect(try !database.state(queue: "another").hasReady)
        }
    }

    @Test
    func showsCommitsOfOthersByItsDataVersion() async throws {
        try await withFolder { path in
            let database = try QueueDatabase(path: path)
            let before = try database.dataVersion()
            #expect(try database.dataVersion() == before)
            try plain(path) { try $0.execute(sql: "INSERT INTO requests(body) VALUES('a')") }
            #expect(try database.dataVersion() != before)
        }
    }

    @Test
    func neverChangesARequestsRow() async throws {
        try await withFolder { path in
            let database = try QueueDatabase(path: path)
            try plain(path) { connection in
                try connection.execute(
                    sql: """
                        CREATE TRIGGER immutable BEFORE UPDATE ON requests BEGIN SELECT RAISE(ABORT, 'changed'); END;
                        INSERT INTO requests(body) VALUES('a');
                        """)
            }
            let first = try database.lease(queue: "requests", limit: 1, milliseconds: 60_000, takeOver: true)[0]
            #expect(try database.renew([first.receipt], milliseconds: 60_000) == [])
            let park = settlement(first, .park(afterMilliseconds: 0, failedAttempts: 1))
            #expect(try database.settle([park]) == [.settled])
            let second = try database.lease(queue: "requests", limit: 1, milliseconds: 60_000, takeOver: true)[0]
            try database.release([second.receipt])
            #expect(try database.openRequests() == 1)
        }
    }

    private func text(_ delivery: Delivery) -> String { String(decoding: delivery.bytes, as: UTF8.self) }

    private func settlement(_ delivery: Delivery, _ action: Settlement.Action) -> Settlement {
        Settlement(receipt: delivery.receipt, queue: "requests", destination: "", id: "", action: action)
    }
}
