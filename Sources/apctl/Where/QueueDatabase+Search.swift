import Foundation
import GRDB
import Messages
import Queue
import SQLite

extension QueueDatabase {
    /// Where requests with this id are in an embedded queue; those that are answered have a result.
    func find(_ id: ExactText, queue: String) throws(QueueError) -> [Whereabouts] {
        try read("look for a request") { database in
            let now = Double(try Self.now(database)) / 1000
            var found: [Whereabouts] = []
            // All rows are read: an id may be written in several ways.
            let rows = try Row.fetchCursor(
                database,
                sql: """
                    SELECT CAST(body AS BLOB) AS body, state, until_ms, attempts FROM requests
                    JOIN request_state USING(seq) WHERE requests.queue = ?
                    """, arguments: [queue])
            while let row = try rows.next() {
                let body: Data = row["body"]
                guard var place = Whereabouts(Array(body)[...], id: id, queue: queue, place: "") else { continue }
                let left = Double(row["until_ms"] as Int64) / 1000 - now
                place.failedAttempts = row["attempts"]
                switch row["state"] as Int {
                case 1:
                    place.place = "parked"
                    place.reason =
                        left > 0
                        ? "it is tried again in \(TimeSpan(seconds: left))"
                        : "it is due for \(TimeSpan(seconds: -left)), and waits for room at an ingest"
                case 2 where left > 0:
                    place.place = "leased by an ingest"
                    place.reason = "whoever has it renews the lease, which lasts \(TimeSpan(seconds: left)) more"
                case 2:
                    place.place = "leased by an ingest"
                    place.reason = "the lease is over: the next ingest that looks takes it"
                default: place.place = "waits in the queue to be leased"
                }
                found.append(place)
            }
            let results = try Row.fetchAll(
                database, sql: "SELECT destination, created_ms FROM results WHERE queue = ? AND id = ?",
                arguments: [queue, id.text])
            found += results.map { row in
                Whereabouts(
                    witness: "the queue \(queue)", queue: queue,
                    place: "has its result in \(row["destination"] as String)",
                    seconds: max(0, now - Double(row["created_ms"] as Int64) / 1000))
            }
            return found
        }
    }
}
