import GRDB
import Messages
import Queue
import SQLite

/// Requests that wait, drawn to tell when what waits is due: the table knows no deadlines, and counting them would mean
/// reading every body.
extension QueueDatabase {
    /// So many are drawn; a count of them that is a part p of all is off by √(p(1 − p)/400), which is 2.5 % at most.
    static let mostDrawn = 400
    /// Bytes of bodies that are read for it; large ones mean fewer draws.
    private static let drawnBytes = 8 << 20

    static var drawnSQL: String {
        """
        SELECT s.seq, CAST(r.body AS BLOB) FROM request_state s CROSS JOIN requests r ON r.seq = s.seq
        WHERE s.queue = ? AND s.state = 0 AND s.until_ms = 0 AND s.seq >= ? ORDER BY s.seq LIMIT 1
        """
    }

    /// Draws one from each part of the row, evenly; none where nothing waits or no body has a deadline.
    ///
    /// Reads without taking a lock. Requests of one row are numbered with few gaps, so the part of the numbers is that of the
    /// requests.
    /// - Parameter nowMilliseconds: since 1970.
    func draw(queue: String, nowMilliseconds: Int64) throws(QueueError) -> [DrawnRequest] {
        try read("draw requests") { database in
            let ends = "SELECT seq FROM request_state WHERE queue = ? AND state = 0 AND until_ms = 0 ORDER BY seq"
            guard let first = try Int64.fetchOne(database.cachedStatement(sql: "\(ends) LIMIT 1"), arguments: [queue]),
                let last = try Int64.fetchOne(database.cachedStatement(sql: "\(ends) DESC LIMIT 1"), arguments: [queue])
            else { return [] }
            var drawn: [DrawnRequest] = []
            var bytes = 0
            let count = min(Int64(Self.mostDrawn), last - first + 1)
            // In an order that has seen all parts of the row whenever it ends.
            for part in Self.spread(count) where bytes < Self.drawnBytes {
                let span = Double(last - first + 1) / Double(count)
                let from = first + Int64(span * (Double(part) + .random(in: 0..<1)))
                guard
                    let row = try Row.fetchOne(
                        database.cachedStatement(sql: Self.drawnSQL), arguments: [queue, min(from, last)])
                else { continue }
                let seq: Int64 = row[0]
                let body = try row.withUnsafeData(atIndex: 1) { data in data.map { [UInt8]($0) } ?? [] }
                bytes += body.count
                guard case .request(let request) = InboundRequest.decode(body[...]) else { continue }
                drawn.append(
                    DrawnRequest(
                        place: Double(seq - first) / Double(max(1, last - first)),
                        left: Double(request.deadline) - Double(nowMilliseconds) / 1000))
            }
            return drawn
        }
    }

    /// The numbers below `count`, so that any beginning of them is spread over all.
    static func spread(_ count: Int64) -> [Int64] {
        // A step that has no divisor in common with the count comes by every number once.
        var step = max(1, Int64(Double(count) * 0.618))
        while step > 1, greatestDivisor(step, count) > 1 { step -= 1 }
        return (0..<count).map { $0 * step % count }
    }

    private static func greatestDivisor(_ one: Int64, _ other: Int64) -> Int64 {
        var (one, other) = (one, other)
        while other != 0 { (one, other) = (other, one % other) }
        return one
    }
}
