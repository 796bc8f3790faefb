import Foundation
import Redis
import RedisSortedSet
import SettlementModel

/// All keys of one sorted set's queue, read at one moment; see `RedisSortedSetKeys` for what they hold.
struct RedisSnapshot {
    private let keys: RedisSortedSetKeys
    private var waiting: [String]
    /// Submission → score and bytes, put aside.
    private let again: [String: String]
    /// Submission → when it is due, when it was parked.
    private var index: [String: String]
    private var since: [String: String]
    /// Entry and score, as text.
    private var parked: [(entry: String, due: Double)]
    private var requests: [String: String]
    private var leases: [String: String]
    private let states: [String: String]
    private let results: [String]
    private let letters: [String]
    private let names: [String]

    /// - Parameter others: keys that are not the queue's.
    init(_ connection: RedisConnection, _ keys: RedisSortedSetKeys, list: String, others: [String]) throws {
        self.keys = keys
        let commands = [
            RedisCommand("ZRANGE", keys.queue, 0, -1),
            RedisCommand("ZRANGE", keys.retrySet, 0, -1, "WITHSCORES"),
            RedisCommand("HGETALL", keys.requests),
            RedisCommand("ZRANGE", keys.leases, 0, -1, "WITHSCORES"),
            RedisCommand("HGETALL", keys.state),
            RedisCommand("LRANGE", list, 0, -1),
            RedisCommand("LRANGE", keys.deadLetters, 0, -1),
            RedisCommand("KEYS", "*\(keys.queue)*"),
            RedisCommand("HGETALL", keys.again),
            RedisCommand("ZRANGE", keys.parked, 0, -1, "WITHSCORES"),
            RedisCommand("ZRANGE", keys.since, 0, -1, "WITHSCORES"),
        ]
        let replies = try connection.send(commands).map { ($0.array ?? []).map { $0.text ?? "" } }
        waiting = replies[0]
        parked = Self.pairs(replies[1]).map { ($0.0, Double($0.1) ?? 0) }
        requests = Dictionary(uniqueKeysWithValues: Self.pairs(replies[2]))
        leases = Dictionary(uniqueKeysWithValues: Self.pairs(replies[3]))
        states = Dictionary(uniqueKeysWithValues: Self.pairs(replies[4]))
        results = replies[5]
        letters = replies[6]
        again = Dictionary(uniqueKeysWithValues: Self.pairs(replies[8]))
        index = Dictionary(uniqueKeysWithValues: Self.pairs(replies[9]))
        since = Dictionary(uniqueKeysWithValues: Self.pairs(replies[10]))
        names = replies[7].filter { !([list, keys.deadLetters] + others).contains($0) }
    }

    private static func pairs(_ texts: [String]) -> [(String, String)] {
        stride(from: 0, to: texts.count - 1, by: 2).map { (texts[$0], texts[$0 + 1]) }
    }

    /// What that means; what fits nothing is a stray.
    consuming func state() throws -> StoredState {
        var state = StoredState(results: results)
        var counts: [String: (attempts: Int, deliveries: Int)] = [:]
        for (key, text) in states.sorted(by: { $0.key < $1.key }) {
            let words = text.dropFirst().split(separator: " ", omittingEmptySubsequences: false).map(String.init)
            guard words.count == 5, let attempts = Int(words[3]), let deliveries = Int(words[4]) else {
                state.strays.append("state \(text)")
                continue
            }
            if text.hasPrefix("W"), waiting.contains(where: { SHA1.hex($0.utf8) == key }) {
                counts[key] = (attempts, deliveries)
            } else if let held = heldState(key, text.first, words), let body = requests.removeValue(forKey: key) {
                state.open.append(
                    StoredRequest(body: body, state: held, attempts: attempts, deliveries: deliveries))
            } else {
                state.strays.append("state \(text)")
            }
        }
        for (key, entry) in again {
            if states[key].map({ $0.hasPrefix("W") }) ?? true { state.strays.append("put aside \(entry)") }
            waiting.append(entry.split(separator: " ", maxSplits: 1).last.map(String.init) ?? "")
        }
        for body in waiting {
            let (attempts, deliveries) = counts[SHA1.hex(body.utf8)] ?? (0, 0)
            state.open.append(
                StoredRequest(body: body, state: .waiting, attempts: attempts, deliveries: deliveries))
        }
        state.deadLetters = try letters.map(Self.letter)
        state.strays += parked.map { "parked \($0.entry)" } + requests.values.map { "request \($0)" }
        state.strays += leases.keys.map { "lease \($0)" }
        state.strays += index.keys.map { "index \($0)" } + since.keys.map { "since \($0)" }
        if state.open.isEmpty { state.strays += names.map { "key \($0)" } }
        return state
    }

    /// Leased or parked, with what belongs to it; `nil` when that is missing.
    private mutating func heldState(
        _ key: String, _ what: Character?, _ words: [String]
    ) -> StoredRequest.State? {
        switch what {
        case "L":
            guard let end = leases.removeValue(forKey: key).flatMap({ Double($0) }) else { return nil }
            return .leased(holder: words[0], isExpired: end <= Date().timeIntervalSince1970 * 1000)
        case "P":
            let name = #""transport_correlation_id":"\#(key)-\#(words[1])""#
            let place = parked.firstIndex { $0.entry.contains(name) && $0.due == Double(words[0]) }
            guard let place, requests[key].map({ parked[place].entry.contains($0) }) ?? false else { return nil }
            guard let due = index.removeValue(forKey: key).flatMap(Double.init), due == parked[place].due,
                since.removeValue(forKey: key) != nil
            else { return nil }
            return .parked(due: Int64((parked.remove(at: place).due * 1000).rounded()))
        default:
            return nil
        }
    }

    private static func letter(_ document: String) throws -> StoredLetter {
        struct Letter: Decodable {
            let body: String
            let reason: String
        }
        let letter = try JSONDecoder().decode(Letter.self, from: Data(document.utf8))
        return StoredLetter(body: letter.body, reason: letter.reason)
    }
}
