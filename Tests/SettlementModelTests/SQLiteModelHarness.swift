import Foundation
import GRDB
import Messages
import Queue
import SQLite
import SQLiteSink
import SQLiteSource
import SettlementModel

/// An embedded queue in a folder of its own, in memory where the machine has such a folder.
final class SQLiteModelHarness: SettlementHarness {
    let rules = SettlementRules(
        resubmission: .replaces, resultSettlesWaiting: true, releaseForgets: false, recoversLeases: false,
        lostReplyIsGap: false)
    let queue = Schema.defaultQueue
    let destination = ""

    private let path: String
    private let folder: URL
    private let defect: SettlementDefect?
    private let connection: DatabaseQueue

    init(defect: SettlementDefect? = nil) throws {
        let memory = URL(filePath: "/dev/shm")
        let parent = FileManager.default.isWritableFile(atPath: memory.path) ? memory : .temporaryDirectory
        folder = parent.appending(path: "settlement-model-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        path = folder.appending(path: "queue.db").path
        self.defect = defect
        try QueueDatabase.create(path: path)
        var configuration = Configuration()
        configuration.busyMode = .timeout(10)
        connection = try DatabaseQueue(path: path, configuration: configuration)
    }

    func close() {
        do { try FileManager.default.removeItem(at: folder) } catch {}
    }

    func makeSource() async throws -> any FaultySource {
        let (path, queue) = (path, queue)
        let make = { @Sendable in SQLiteSource(path: path, queue: queue, lease: .seconds(60)) }
        let base: any RequestSource = defect == .takeoverAfterGap ? ForgetfulSource(make) : make()
        try await base.connect()
        return LossySource(DefectiveSQLiteSource(base, defect, connection)) { [self] in try await makeGap(for: $0) }
    }

    func makeSink() async throws -> any FaultySink {
        let base = SQLiteSink(path: path)
        try await base.connect()
        let losses = Losses()
        return LossySink(DefectiveSQLiteSink(base, defect, connection, losses), losses)
    }

    func submit(_ body: String) throws {
        try write("INSERT INTO requests(body) VALUES(?)", [body])
    }

    /// A producer that knows SQL withdraws its request and writes another in its place.
    func resubmit(_ body: String) throws {
        try connection.write { database in
            let seq = try Int64.fetchOne(database, sql: "SELECT seq FROM requests WHERE body = ?", arguments: [body])
            try database.execute(sql: "DELETE FROM requests WHERE seq = ?", arguments: [seq])
            try database.execute(sql: "INSERT INTO requests(seq, body) VALUES(?, ?)", arguments: [seq, body])
        }
    }

    func expireLease(of body: String) throws { try setTime(of: body, state: 2) }

    func makeDue(_ body: String) throws { try setTime(of: body, state: 1) }

    private func setTime(of body: String, state: Int) throws {
        let sql = """
            UPDATE request_state SET until_ms = ? WHERE state = ?
            AND seq = (SELECT seq FROM requests WHERE body = ?)
            """
        try write(sql, [now() - 1, state, body])
    }

    /// Moves the file away and back, as an unmounted volume; the source learns of it when it renews.
    private func makeGap(for source: any RequestSource) async throws {
        let away = folder.appending(path: "away.db").path
        try FileManager.default.moveItem(atPath: path, toPath: away)
        do {
            _ = try await source.renew([Receipt("0.0.0")])
            throw Violation("the source did not notice that its file was away")
        } catch is QueueError {}
        try FileManager.default.moveItem(atPath: away, toPath: path)
    }

    /// The last part of `<seq>.<submission>.<token>`.
    func holder(of receipt: Receipt) -> String {
        String(receipt.text.split(separator: ".").last ?? "")
    }

    func stored() throws -> StoredState {
        try connection.read { database in
            var state = StoredState()
            state.results = try String.fetchAll(database, sql: "SELECT body FROM results")
            state.deadLetters = try Row.fetchAll(database, sql: "SELECT body, reason FROM dead_letters").map { row in
                StoredLetter(body: row[0], reason: row[1])
            }
            let sql = """
                SELECT r.body, s.state, s.until_ms, s.token, s.attempts, s.deliveries, r.seq, s.seq
                FROM requests r FULL JOIN request_state s ON s.seq = r.seq
                """
            for row in try Row.fetchAll(database, sql: sql) {
                if let request = Self.request(row) {
                    state.open.append(request)
                } else {
                    state.strays.append("\(row)")
                }
            }
            return state
        }
    }

    private static func request(_ row: Row) -> StoredRequest? {
        guard let body: String = row[0], let number: Int = row[1] else { return nil }
        let until: Int64 = row[2]
        let token: Int64 = row[3]
        let state: StoredRequest.State
        switch number {
        case 0 where token == 0: state = .waiting
        case 1: state = .parked(due: until)
        case 2:
            state = .leased(holder: String(UInt64(bitPattern: token), radix: 16), isExpired: until <= now())
        default: return nil
        }
        return StoredRequest(body: body, state: state, attempts: row[4], deliveries: row[5])
    }

    private func write(_ sql: String, _ arguments: StatementArguments) throws {
        try connection.write { try $0.execute(sql: sql, arguments: arguments) }
    }
}

private func now() -> Int64 { Int64(Date().timeIntervalSince1970 * 1000) }
