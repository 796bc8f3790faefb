import GRDB

/// The tables of the embedded queue.
///
/// `requests` is what producers write and nobody changes: rows come and go, but a lease or a renewal touches only the
/// small row beside it in `request_state`, however large the body is. The triggers keep the two together, so that
/// plain SQL is all a producer needs; deleting a request cancels it. `results` and `dead_letters` number their rows in
/// the order they were written: a reader asks for what came after the last `seq` it has seen.
///
/// Times are milliseconds since 1970 on SQLite's clock, which is the machine's.
package enum Schema {
    /// Kept in `PRAGMA user_version`.
    static let version = 1

    /// SQLite's clock.
    ///
    /// `unixepoch('subsec')` says it more simply, from SQLite 3.42 on.
    package static let now = "CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER)"

    /// Value of `requests.queue` when a producer gives none.
    package static let defaultQueue = "requests"

    /// Makes whatever is missing, and keeps what is there.
    package static let sql = """
        CREATE TABLE IF NOT EXISTS requests(
            seq INTEGER PRIMARY KEY AUTOINCREMENT,  -- arrival order
            queue TEXT NOT NULL DEFAULT '\(defaultQueue)',
            created_ms INTEGER NOT NULL DEFAULT (\(now)),
            body NOT NULL                           -- the request, text or blob
        );
        CREATE TABLE IF NOT EXISTS request_state(
            seq INTEGER PRIMARY KEY,                -- of the request
            queue TEXT NOT NULL,
            state INTEGER NOT NULL DEFAULT 0,       -- 0 ready, 1 parked, 2 leased
            until_ms INTEGER NOT NULL DEFAULT 0,    -- parked: when it is due; leased: when the lease ends
            token INTEGER NOT NULL DEFAULT 0,       -- leased: names the lease; parked: when it was parked
            submission INTEGER NOT NULL DEFAULT (random()),
            attempts INTEGER NOT NULL DEFAULT 0,    -- failed ones
            deliveries INTEGER NOT NULL DEFAULT 0   -- leases that expired
        );
        CREATE INDEX IF NOT EXISTS request_state_next ON request_state(queue, state, until_ms);
        CREATE TRIGGER IF NOT EXISTS request_arrives AFTER INSERT ON requests BEGIN
            INSERT OR REPLACE INTO request_state(seq, queue) VALUES(new.seq, new.queue);
        END;
        CREATE TRIGGER IF NOT EXISTS request_leaves AFTER DELETE ON requests BEGIN
            DELETE FROM request_state WHERE seq = old.seq;
        END;
        CREATE TABLE IF NOT EXISTS results(
            seq INTEGER PRIMARY KEY AUTOINCREMENT,  -- order of completion
            request INTEGER NOT NULL UNIQUE,        -- requests.seq
            id TEXT NOT NULL,
            queue TEXT NOT NULL,
            destination TEXT NOT NULL,
            created_ms INTEGER NOT NULL,
            body TEXT NOT NULL                      -- the result, a JSON document
        );
        CREATE TABLE IF NOT EXISTS dead_letters(
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            request INTEGER NOT NULL UNIQUE,        -- requests.seq
            id TEXT NOT NULL,                       -- empty when the request has none
            queue TEXT NOT NULL,
            reason TEXT NOT NULL,
            attempts INTEGER NOT NULL,
            deliveries INTEGER NOT NULL,
            created_ms INTEGER NOT NULL,
            body NOT NULL                           -- as the producer wrote it
        );
        CREATE TABLE IF NOT EXISTS store_name(
            one INTEGER PRIMARY KEY CHECK(one = 1),
            name INTEGER NOT NULL DEFAULT (random()) -- tells ingest and emit whether they have the same file
        );
        INSERT OR IGNORE INTO store_name(one) VALUES(1);
        -- Requests that were there before the triggers.
        INSERT OR IGNORE INTO request_state(seq, queue) SELECT seq, queue FROM requests;
        PRAGMA user_version = \(version);
        """

    /// What there must be, and the table each belongs to: whoever renames a table takes its triggers along.
    private static let objects = [
        "requests": "requests", "request_state": "request_state", "request_state_next": "request_state",
        "request_arrives": "requests", "request_leaves": "requests", "results": "results",
        "dead_letters": "dead_letters", "store_name": "store_name",
    ]

    /// What belongs to another table than it should is in the way of what is made.
    private static let misplaced = """
        SELECT 'DROP ' || type || ' ' || name FROM sqlite_schema
        WHERE (name IN ('request_arrives', 'request_leaves') AND tbl_name <> 'requests')
            OR (name = 'request_state_next' AND tbl_name <> 'request_state')
        """

    /// Of requests that are not there, and may come again under the same numbers: those go on behind the highest.
    private static let leftovers = """
        DELETE FROM request_state WHERE seq NOT IN (SELECT seq FROM requests);
        INSERT INTO sqlite_sequence(name, seq)
            SELECT 'requests', 0 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'requests');
        UPDATE sqlite_sequence SET seq = max(
            seq, (SELECT ifnull(max(request), 0) FROM results), (SELECT ifnull(max(request), 0) FROM dead_letters)
        ) WHERE name = 'requests';
        """

    /// Brings `database` up to this schema; takes no lock when it is already.
    static func prepare(_ database: Database) throws {
        if try problem(database) == nil { return }
        try database.inTransaction(.immediate) {
            guard try problem(database) != nil else { return .commit }
            for drop in try String.fetchAll(database, sql: misplaced) { try database.execute(sql: drop) }
            try database.execute(sql: sql)
            try database.execute(sql: leftovers)
            return .commit
        }
    }

    /// What is missing; `nil` when nothing is.
    static func problem(_ database: Database) throws -> String? {
        let found = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
        guard found <= version else {
            throw DatabaseError(
                resultCode: .SQLITE_NOTADB,
                message: "the file has schema \(found), this program knows \(version): it was written by a newer one")
        }
        let rows = try Row.fetchAll(database, sql: "SELECT name, tbl_name FROM sqlite_schema")
        let tables = Dictionary(rows.map { ($0["name"] as String, $0["tbl_name"] as String) }) { first, _ in first }
        let missing = objects.filter { tables[$0.key] != $0.value }.keys.sorted()
        if missing.isEmpty { return found == version ? nil : "the file has no tables of this program yet" }
        return
            "tables and triggers are missing, or belong to another table: \(missing.joined(separator: ", ")); made again"
    }
}
