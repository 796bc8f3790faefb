import Foundation
import Messages
import Redis
import SQLite

/// A request that was put aside, as its queue keeps it.
struct DeadLetter: Sendable, Equatable {
    /// What the queue knows it by, whatever happens to its neighbours.
    enum Key: Hashable, Sendable {
        /// All bytes of an element of a list.
        case element([UInt8])
        /// `dead_letters.seq`.
        case row(Int64)
    }

    var number: LetterNumber
    var key: Key
    var queue: String
    /// Empty when the request has none.
    var id = ""
    var reason = ""
    /// Milliseconds since 1970; `nil` when it is not known.
    var time: Int64?
    /// Leases that expired.
    var deliveries = 0
    /// Those that failed at the gateway.
    var attempts = 0
    /// The request as its producer wrote it; all there is, if this is no dead letter at all.
    var body: [UInt8] = []
    /// Bytes of the request, where only its beginning was kept.
    var size: Int?
    /// Why this cannot be put back whatever is done, such as that we did not write it; `nil` if it can.
    var fault: String?

    /// The number and the id, for messages.
    var name: String { id.isEmpty ? "\(number)" : "\(number) \(id.onOneLine)" }

    /// Such as `2026-01-02T03:04:05Z`.
    var timeText: String { time.map { Self.timeText($0 / 1000) } ?? "-" }

    /// - Parameter seconds: Since 1970; outside the years 1970 to 9999 it is shown as it is.
    static func timeText(_ seconds: Int64) -> String {
        guard (0..<253_402_300_800).contains(seconds) else { return "\(seconds)" }
        return Date(timeIntervalSince1970: Double(seconds)).formatted(.iso8601)
    }

    init(number: LetterNumber, key: Key, queue: String) {
        self.number = number
        self.key = key
        self.queue = queue
    }

    init(_ row: StoredDeadLetter) {
        self.init(number: LetterNumber(place: row.seq), key: .row(row.seq), queue: row.queue)
        id = row.id
        reason = row.reason
        time = row.createdMilliseconds
        deliveries = row.deliveries
        attempts = row.attempts
        body = row.body
    }

    /// Reads an element of a list.
    ///
    /// - Parameters:
    ///   - place: From 1.
    ///   - queue: The queue that the list belongs to.
    init(element: [UInt8], place: Int64, queue: String) {
        let check = String(SHA1.hex(element).prefix(LetterNumber.checkLength))
        self.init(number: LetterNumber(place: place, check: check), key: .element(element), queue: queue)
        guard let problem = read(element) else { return }
        fault = "this is no dead letter as ingest and emit write them: \(problem)"
        reason = fault ?? ""
        body = element
    }

    /// Takes over what a document says; returns what is wrong with it.
    private mutating func read(_ element: [UInt8]) -> String? {
        guard let object = JSONObject(element[...]) else { return "not a JSON object" }
        guard let text = object["body"].flatMap(Self.contents) else { return "it has no body" }
        body = Array(text)
        if let encoding = object["body_encoding"] {
            guard Self.text(encoding) == "base64", let bytes = Base64.decode(text) else {
                return "its body cannot be decoded"
            }
            body = bytes
        }
        if let size = Self.number(object["body_bytes"]) {
            self.size = Int(size)
            fault = "it was too large to be kept: these are the first \(body.count) of \(size) bytes"
        }
        queue = Self.text(object["queue"]) ?? queue
        id = Self.text(object["id"]) ?? ""
        reason = Self.text(object["reason"]) ?? ""
        time = Self.number(object["time"]).flatMap { (0..<Int64.max / 1000).contains($0) ? $0 * 1000 : nil }
        deliveries = Int(Self.number(object["deliveries"]) ?? 0)
        attempts = Int(Self.number(object["attempts"]) ?? 0)
        return nil
    }

    /// What a JSON string stands for.
    private static func contents(_ value: Bytes) -> Bytes? {
        var scanner = JSONScanner(value)
        guard value.first == UInt8(ascii: "\""), let token = try? scanner.readString() else { return nil }
        return scanner.contents(of: token)
    }

    private static func text(_ value: Bytes?) -> String? {
        value.flatMap(contents).map { String(decoding: $0, as: UTF8.self) }
    }

    private static func number(_ value: Bytes?) -> Int64? {
        value.flatMap { Int64(String(decoding: $0, as: UTF8.self)) }
    }
}
