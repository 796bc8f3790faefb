import Messages
import Queue
import Redis
import RedisPubSub
import RedisQueues

/// The list `<queue>:dead-letter` of a Redis server.
final class RedisDeadLetters: DeadLetterStore {
    /// How requests get back.
    enum Kind: Equatable {
        /// Into the queue, by deadline.
        case sortedSet
        /// Into the retry set, due at once: a channel forgets what nobody hears.
        case channel(retrySet: String)
    }

    private static let page = 256

    private let client: RedisClient
    private let queue: String
    private let kind: Kind
    private var list: String { DeadLetterDocument.list(of: queue) }

    init(url: RedisURL, queue: String, kind: Kind) {
        client = RedisClient(url, writes: false)
        self.queue = queue
        self.kind = kind
    }

    var place: String { "\(list) on \(client.url)" }
    var needsDeadline: Bool { kind == .sortedSet }

    /// Reads from the newest to the oldest: when others remove elements, those not yet read only move that way.
    func scan(first limit: Int?, _ visit: (DeadLetter) -> Void) throws(QueueError) -> Int {
        do throws(RedisError) {
            let count = Int(try client.send(RedisCommand("LLEN", list)).integer ?? 0)
            var end = min(count, limit ?? count)
            while end > 0 {
                let start = max(0, end - Self.page)
                let elements = try client.send(RedisCommand("LRANGE", list, start, end - 1)).array ?? []
                for (offset, element) in elements.enumerated() {
                    visit(DeadLetter(element: element.bytes ?? [], place: Int64(start + offset + 1), queue: queue))
                }
                end = start
            }
            return count
        } catch {
            throw QueueError(error)
        }
    }

    func requeue(_ letters: [Requeueing]) throws(QueueError) -> [Removal] {
        try removing { () throws(RedisError) in
            try client.run(letters.map(call)).map { reply in
                if let reason = reply.error { return .kept(reason: reason) }
                if reply.integer == -1 { return .kept(reason: "the very same request waits in \(queue) already") }
                return reply.integer == 1 ? .done : .gone
            }
        }
    }

    func delete(_ letters: [DeadLetter]) throws(QueueError) -> [Removal] {
        try removing { () throws(RedisError) in
            try client.send(letters.map { RedisCommand("LREM", list, 1, $0.element) }).map { reply in
                if let reason = reply.error { return .kept(reason: reason) }
                return reply.integer == 1 ? .done : .gone
            }
        }
    }

    private func call(_ requeueing: Requeueing) -> RedisCall {
        let letter = requeueing.letter
        switch kind {
        case .sortedSet:
            return RedisDeadLetterScripts.enqueue.call(keys: [list, queue])
                .with(letter.element, requeueing.deadline ?? 0, letter.body)
        case .channel(let retrySet):
            var entry = StoredEntry(document: letter.body[...])
            entry.retryCount = 0
            entry.claim = "requeued-" + String(UInt64.random(in: 0...UInt64.max), radix: 16)
            return RedisDeadLetterScripts.park.call(keys: [list, retrySet])
                .with(letter.element, entry.bytes(queue: JSONObject.quoted(queue)))
        }
    }

    /// A connection that breaks leaves open what was done.
    private func removing(_ body: () throws(RedisError) -> [Removal]) throws(QueueError) -> [Removal] {
        do throws(RedisError) {
            return try body()
        } catch {
            guard error.kind == .connection else { throw QueueError(error) }
            throw QueueError(
                operation: error.operation,
                reason: error.reason + "; whether it was done is not known: list again before you repeat it")
        }
    }
}

extension DeadLetter {
    /// All bytes of the element it was read from.
    fileprivate var element: [UInt8] {
        if case .element(let bytes) = key { return bytes }
        return []
    }
}
