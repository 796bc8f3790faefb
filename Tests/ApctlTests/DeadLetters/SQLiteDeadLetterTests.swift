import Messages
import Queue
import SQLite
import Testing

@testable import Apctl
@testable import SQLiteSink
@testable import SQLiteSource

/// In a real file.
struct SQLiteDeadLetterTests {
    /// Makes dead letters of these requests as emit does.
    private func bury(_ bodies: [[UInt8]], _ path: String, queue: String = "requests") throws {
        let database = try QueueDatabase(path: path)
        _ = try database.submit(bodies.map { $0[...] }, queue: queue)
        let leased = try database.lease(queue: queue, limit: bodies.count, milliseconds: 60_000, takeOver: false)
        let settled = try database.settle(
            leased.enumerated().map { index, delivery in
                Settlement(
                    receipt: delivery.receipt, queue: queue, destination: "", id: "job-\(index + 1)",
                    action: .deadLetter(reason: "lost", result: Array("{\"id\":\"job-\(index + 1)\"}".utf8)[...]))
            })
        #expect(settled == Array(repeating: .settled, count: bodies.count))
    }

    @Test
    func listsAndShowsTheLettersOfOneQueue() throws {
        try withFolder { folder in
            let path = folder.path + "/queue.db"
            try bury([request("a"), [0xFF, 0xFE]], path)
            try bury((1...300).map { request("\($0)") }, path, queue: "other")
            let written = Written()
            let desk = written.desk(try SQLiteDeadLetters(path: path, queue: "requests"))
            #expect(try desk.list(limit: nil, asJSON: false, columns: nil))
            #expect(written.lines.dropFirst().map { $0.split(separator: " ")[0] } == ["1", "2"])
            written.out = []
            #expect(try desk.show(.some(["2"], nil), bodyOnly: true))
            #expect(written.out == [0xFF, 0xFE])
            let other = Written()
            let store = try SQLiteDeadLetters(path: path, queue: "other")
            #expect(try other.desk(store).list(limit: 280, asJSON: true, columns: nil))
            #expect(other.lines.count == 280)
            #expect(other.errors == ["These are the oldest 280 of 300."])
            #expect(
                (other.lines.first ?? "").hasPrefix(
                    "{\"number\":\"3\",\"queue\":\"other\",\"id\":\"job-1\",\"reason\":\"lost\",\"time\":"))
            let empty = Written()
            #expect(
                try empty.desk(try SQLiteDeadLetters(path: path, queue: "x")).list(limit: 1, asJSON: false, columns: 9))
            #expect(empty.lines == ["There are no dead letters in dead_letters of the queue x in \(path)."])
        }
    }

    @Test
    func aRequeuedRequestIsLeasedAsANewOne() throws {
        try withFolder { folder in
            let path = folder.path + "/queue.db"
            let raw =
                Array("{\"id\":\"b\",\"deadline\":9999999999,\"payload\":{\"p\":\"".utf8) + [0xFF] + Array("\"}}".utf8)
            try bury([request("a"), raw, Array("junk".utf8)], path)
            let written = Written()
            let desk = written.desk(try SQLiteDeadLetters(path: path, queue: "requests"))
            #expect(try desk.requeue(.some(["job-2", "1"], nil), isForced: false))
            #expect(written.lines == ["requeued 1 job-1", "requeued 2 job-2", "2 requeued"])
            let database = try QueueDatabase(path: path)
            let leased = try database.lease(queue: "requests", limit: 9, milliseconds: 60_000, takeOver: true)
            #expect(leased.map { Array($0.bytes) } == [request("a"), raw])
            #expect(leased.map(\.failedAttempts) == [0, 0])
            #expect(leased.map(\.deliveries) == [0, 0])
            // The letters had results; the new requests get their own.
            let done = leased.map {
                Settlement(
                    receipt: $0.receipt, queue: "requests", destination: "", id: "x",
                    action: .result(Array("{}".utf8)[...]))
            }
            #expect(try database.settle(done) == [.settled, .settled])
            #expect(try !desk.requeue(.all, isForced: false))
            #expect(try desk.requeue(.all, isForced: true))
            #expect(try database.deadLetters(after: 0, limit: 9) == [])
            #expect(try database.openRequests() == 1)
        }
    }

    @Test
    func deletesWhatIsNamedAndNothingElse() throws {
        try withFolder { folder in
            let path = folder.path + "/queue.db"
            try bury([request("a"), request("b"), request("c")], path)
            let written = Written()
            let desk = written.desk(try SQLiteDeadLetters(path: path, queue: "requests"))
            #expect(try !desk.delete(.some(["2", "nobody"], nil), asJSON: false))
            #expect(written.lines == ["deleted 2 job-2: lost"])
            #expect(try desk.delete(.some(["3"], nil), asJSON: false))
            let database = try QueueDatabase(path: path)
            #expect(try database.deadLetters(after: 0, limit: 9).map(\.seq) == [1])
            #expect(try database.openRequests() == 0)
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func twoOperatorsRequeueEachLetterOnce() async throws {
        try await withFolderAsync { folder in
            let path = folder.path + "/queue.db"
            try bury((0..<500).map { request("\($0)") }, path)
            let counts = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<2 {
                    group.addTask { @concurrent in
                        let written = Written()
                        let store = try SQLiteDeadLetters(path: path, queue: "requests")
                        _ = try written.desk(store).requeue(.all, isForced: false)
                        return written.lines.count { $0.hasPrefix("requeued ") }
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(counts.reduce(0, +) == 500)
            let database = try QueueDatabase(path: path)
            #expect(try database.openRequests() == 500)
            #expect(try database.deadLetters(after: 0, limit: 1) == [])
        }
    }

    @Test
    func somebodyElseWasFaster() throws {
        try withFolder { folder in
            let path = folder.path + "/queue.db"
            try bury([request("a"), request("b")], path)
            let store = try SQLiteDeadLetters(path: path, queue: "requests")
            var letters: [DeadLetter] = []
            _ = try store.scan(first: nil) { letters.append($0) }
            #expect(try store.delete([letters[0]]) == [.done])
            #expect(try store.requeue(letters.map { Requeueing(letter: $0) }) == [.gone, .done])
            #expect(try store.delete(letters) == [.gone, .gone])
        }
    }

    @Test
    func makesNoFileWhereThereIsNone() throws {
        try withFolder { folder in
            let path = folder.path + "/missing.db"
            let error = #expect(throws: QueueError.self) { try SQLiteDeadLetters(path: path, queue: "requests") }
            #expect(error?.description == "open on \(path): unable to open database file")
            #expect(!Files.exists(path))
        }
    }
}
