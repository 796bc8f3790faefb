import Foundation
import GRDB
import Messages
import Queue
import Testing

@testable import SQLite
@testable import SQLiteSource

/// Requests that are drawn to tell when what waits is due.
@Suite(.timeLimit(.minutes(1)))
struct DrawingTests {
    private static let now: Int64 = 1_800_000_000_000

    private func request(due seconds: Int64) -> Bytes {
        Bytes(#"{"id":"a","deadline":"\#(Self.now / 1000 + seconds)","payload":{"model":"m","prompt":"hi"}}"#.utf8)
    }

    private func draw(_ bodies: [Bytes], after change: String = "") async throws -> [DrawnRequest] {
        var drawn: [DrawnRequest] = []
        try await withFolder { path in
            let database = try QueueDatabase(path: path)
            _ = try database.submit(bodies)
            try plain(path) { connection in try connection.execute(sql: change) }
            drawn = try database.draw(queue: "requests", nowMilliseconds: Self.now)
        }
        return drawn.sorted { $0.place < $1.place }
    }

    @Test
    func takesAllWhereThereAreFew() async throws {
        let drawn = try await draw((0..<50).map { request(due: $0 - 3) })
        #expect(drawn.map(\.left) == (0..<50).map { Double($0) - 3 })
        #expect(drawn.first?.place == 0)
        #expect(drawn.last?.place == 1)
    }

    @Test
    func takesSomeOfEachPartWhereThereAreMany() async throws {
        let drawn = try await draw((0..<5_000).map { request(due: $0) })
        #expect(drawn.count == QueueDatabase.mostDrawn)
        #expect(drawn.allSatisfy { abs($0.place * 5_000 - $0.left) < 3 })
        #expect(zip(drawn, drawn.dropFirst()).allSatisfy { $1.left - $0.left < 30 })
    }

    @Test
    func leavesOutWhatDoesNotWaitAndWhatHasNoDeadline() async throws {
        let bodies = [request(due: 1), request(due: 2), Bytes("no json".utf8), request(due: 4), request(due: 5)]
        let drawn = try await draw(
            bodies,
            after: """
                UPDATE request_state SET state = 2, until_ms = 5 WHERE seq = 2;
                UPDATE request_state SET state = 1, until_ms = 9 WHERE seq = 4;
                """)
        #expect(Set(drawn.map(\.left)).isSubset(of: [1, 5]))
        #expect(try await draw([]).isEmpty)
    }

    /// Large bodies: it stops after some megabytes, and has seen all parts by then.
    @Test
    func readsNotMuch() async throws {
        let padding = String(repeating: "x", count: 200_000)
        let bodies = (0..<300).map { (number: Int64) in
            Bytes(
                #"{"id":"a","deadline":\#(Self.now / 1000 + number),"payload":{"model":"m","prompt":"\#(padding)"}}"#
                    .utf8)
        }
        let drawn = try await draw(bodies)
        #expect((30...60).contains(drawn.count))
        #expect(zip(drawn, drawn.dropFirst()).allSatisfy { $1.left - $0.left < 30 })
    }

    @Test(arguments: [0, 1, 2, 3, 7, 100, 400] as [Int64])
    func comesByEveryPartOnce(count: Int64) {
        #expect(QueueDatabase.spread(count).sorted() == Array(0..<count))
        guard count >= 100 else { return }
        let first = QueueDatabase.spread(count).prefix(Int(count) / 10).sorted()
        #expect(zip(first, first.dropFirst()).allSatisfy { $1 - $0 <= count / 4 }, "the first tenth is spread over all")
    }
}
