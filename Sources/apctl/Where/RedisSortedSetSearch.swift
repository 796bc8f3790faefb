import Foundation
import Messages
import Queue
import Redis
import RedisSortedSet

/// Looks for a request in a queue that is a sorted set: in the set itself, and among what is leased or parked.
struct RedisSortedSetSearch {
    let client: RedisClient
    let keys: RedisSortedSetKeys

    /// Elements that the server looks at in one call.
    private static let page = 1000

    func find(_ id: ExactText) throws(QueueError) -> [Whereabouts] {
        do throws(RedisError) {
            var found: [Whereabouts] = []
            try scan("ZSCAN", keys.queue, matching: pattern(id.text)) { member, _ in
                if let place = Whereabouts(member, id: id, queue: keys.queue, place: "waits in the queue to be leased")
                {
                    found.append(place)
                }
            }
            var held: [(submission: Bytes, place: Whereabouts)] = []
            try scan("HSCAN", keys.requests) { submission, body in
                if let place = Whereabouts(body, id: id, queue: keys.queue, place: "") {
                    held.append((submission, place))
                }
            }
            let now = try client.send(RedisCommand("TIME")).array?.first?.bytes.flatMap { Double(text($0[...])) } ?? 0
            for (submission, place) in held {
                let reply = try client.send(RedisCommand("HGET", keys.state, Array(submission)))
                let lease = try client.send(RedisCommand("ZSCORE", keys.leases, Array(submission)))
                let leaseEnd = lease.bytes.flatMap { Double(text($0[...])) }
                found.append(place.with(state: text((reply.bytes ?? [])[...]), leaseEnd: leaseEnd, now: now))
            }
            return found
        } catch {
            throw QueueError(error)
        }
    }

    /// Calls `visit` with each pair of a set or hash: member and score, or field and value.
    private func scan(
        _ command: String, _ key: String, matching pattern: String? = nil, _ visit: (Bytes, Bytes) -> Void
    ) throws(RedisError) {
        var cursor = "0"
        repeat {
            var call = RedisCommand(command, key, cursor, "COUNT", Self.page)
            if let pattern {
                call.append("MATCH")
                call.append(pattern)
            }
            let reply = try client.send(call)
            if let reason = reply.error {
                throw RedisError(operation: "\(command) \(key)", reason: reason, kind: .answer)
            }
            guard let parts = reply.array, parts.count == 2, let items = parts[1].array else { return }
            cursor = text((parts[0].bytes ?? [])[...])
            for index in stride(from: 0, to: items.count - 1, by: 2) {
                visit((items[index].bytes ?? [])[...], (items[index + 1].bytes ?? [])[...])
            }
        } while cursor != "0"
    }

    /// What members with this id have in them; `nil` where it may be written in several ways.
    private func pattern(_ id: String) -> String? {
        let isPlain = id.unicodeScalars.allSatisfy { CharacterSet.unreserved.contains($0) }
        return isPlain ? "*\"\(id)\"*" : nil
    }
}

private func text(_ bytes: Bytes) -> String { String(decoding: bytes, as: UTF8.self) }

extension Whereabouts {
    /// - Parameters:
    ///   - state: as `RedisSortedSetKeys` describes it.
    ///   - leaseEnd: milliseconds since 1970.
    ///   - now: seconds since 1970, on the server's clock.
    func with(state: String, leaseEnd: Double?, now: Double) -> Whereabouts {
        var place = self
        let fields = state.split(separator: " ")
        if fields.count == 5 { place.failedAttempts = Int(fields[3]) }
        let kind = state.first
        if kind == "P", let due = fields.first.flatMap({ Double($0.dropFirst()) }) {
            place.place = "parked"
            place.reason =
                due > now
                ? "it is tried again in \(TimeSpan(seconds: due - now))"
                : "it is due for \(TimeSpan(seconds: now - due)), and waits for room at an ingest"
        } else if kind == "L", let leaseEnd {
            let left = leaseEnd / 1000 - now
            place.place = "leased by an ingest"
            place.reason =
                left > 0
                ? "whoever has it renews the lease, which lasts \(TimeSpan(seconds: left)) more"
                : "the lease is over for \(TimeSpan(seconds: -left)): the next ingest that looks takes it"
        } else {
            place.place = "on its way between the queue and a lease"
        }
        return place
    }
}
