import Messages
import Queue
import Redis
import RedisPubSub

/// Claims requests for one queue: those that arrived on its channel, parked ones that are due, and those whose leases
/// have expired.
///
/// Every call is idempotent and can be repeated after a failure: a lost reply loses nothing. Used by one thread.
struct RedisPubSubClaims {
    /// For how long after the last claim the server remembers which messages were claimed: an ingest that was frozen
    /// for longer may take messages that others took.
    static let memory = Duration.seconds(600)

    struct Due {
        var deliveries: [Delivery] = []
        var foreign = 0
        var takenOver = 0
        /// Until the next entry is due, if any is waiting.
        var wait: Duration?
        /// Until the next entry of the retry set is due, if it belongs to this queue: finding it takes a scan of the
        /// set.
        var strange: Duration?
        /// Whether another call would find no more requests now.
        var isComplete = true
    }

    let client: RedisClient
    private let keys: RedisPubSubKeys
    private let queue: String
    private let quotedQueue: [UInt8]
    private let settings: RedisPubSubSettings
    private let token: String
    private var calls = 0
    /// The owner of a call for due entries whose reply was lost; it may have been carried out.
    private var unanswered: String?
    private var dueOffset = 0
    private var expiredOffset = 0
    /// The server's time in its last answer, milliseconds since 1970; 0: there has been none.
    private var serverTime: Int64 = 0

    init(client: RedisClient, queue: QueueSettings, settings: RedisPubSubSettings) {
        self.client = client
        keys = RedisPubSubKeys(retrySet: queue.retryQueue)
        self.queue = queue.name
        quotedQueue = JSONObject.quoted(queue.name)
        self.settings = settings
        token = String(UInt64.random(in: 0...UInt64.max), radix: 16)
    }

    /// Names the next lease; unique among all processes.
    mutating func makeOwner() -> String {
        calls += 1
        return "\(token).\(calls)"
    }

    // MARK: Arrivals

    /// The outcome of a batch.
    struct Claimed {
        var deliveries: [Delivery] = []
        var parked = 0
        /// Messages that another ingest has claimed.
        var duplicates = 0
        /// Messages that no other ingest has claimed and that are not stored.
        var aside: [Arrivals.Message] = []
    }

    /// Claims or parks a batch.
    ///
    /// - Parameter aside: the messages are not stored, and no other ingest will claim them.
    mutating func claim(_ batch: Arrivals.Batch, aside: Bool = false) throws(RedisError) -> Claimed {
        var call = RedisPubSubClaimScripts.arrivals
            .call(keys: [keys.retrySet, keys.claimed, keys.leases, keys.owners, keys.heard(queue), keys.parked(queue)])
            .with(batch.owner, settings.lease.milliseconds, batch.isRepeated ? 1 : 0, Self.memory.milliseconds)
        for (index, message) in batch.messages.enumerated() {
            append(message, index, batch, aside: aside, to: &call)
        }
        let answers = try client.run(call).array ?? []
        guard answers.count == batch.messages.count else {
            throw RedisError(operation: "claim-arrivals on \(client.url)", reason: "strange reply", kind: .answer)
        }
        return note(answers, batch)
    }

    private func append(
        _ message: Arrivals.Message, _ index: Int, _ batch: Arrivals.Batch, aside: Bool, to call: inout RedisCall
    ) {
        call.append(batch.id(index))
        if aside {
            call.append("")
            call.append("aside")
        } else {
            var entry = StoredEntry(document: message.bytes[...])
            entry.claim = batch.id(index)
            call.append(entry.bytes(queue: quotedQueue))
            call.append(index < batch.claims ? "claim" : "park")
        }
        call.append(message.place.series)
        call.append(message.place.number)
    }

    private func note(_ answers: [RedisReply], _ batch: Arrivals.Batch) -> Claimed {
        var result = Claimed()
        for (index, message) in batch.messages.enumerated() {
            switch answers[index].integer {
            case 1:
                let attempts = StoredEntry(document: message.bytes[...]).retryCount
                let receipt = receipt(batch.id(index), batch.owner)
                result.deliveries.append(
                    Delivery(bytes: message.bytes[...], receipt: receipt, failedAttempts: attempts))
            case 2: result.parked += 1
            case 3: result.aside.append(message)
            default: result.duplicates += 1
            }
        }
        return result
    }

    private func receipt(_ id: String, _ owner: String) -> Receipt {
        RedisPubSubReceipt(id: id, owner: owner, retrySet: keys.retrySet, queue: queue).receipt
    }

    // MARK: Due and expired

    /// Claims due requests, then expired ones, at most `limit`; goes on where the last call stopped its scan.
    ///
    /// - Parameter looks: whether to scan the retry set for entries that other programs have put there.
    mutating func claimDue(limit: Int, looks: Bool, takeOver: Bool) throws(RedisError) -> Due {
        let owner = unanswered ?? makeOwner()
        let isRepeated = unanswered != nil
        unanswered = owner
        let call = RedisPubSubClaimScripts.due
            .call(keys: [keys.retrySet, keys.claimed, keys.leases, keys.owners, keys.deliveries, keys.parked(queue)])
            .with(
                owner, settings.lease.milliseconds, isRepeated ? String(serverTime) : "", min(limit, 256), 8 << 20,
                queue, quotedQueue, looks ? max(0, dueOffset) : -1, takeOver ? max(0, expiredOffset) : -1)
        let parts = try client.run(call).array ?? []
        guard parts.count == 8, let claims = parts[0].array else {
            throw RedisError(operation: "claim-due on \(client.url)", reason: "strange reply", kind: .answer)
        }
        var due = Due()
        due.deliveries = try adopt(claims, owner: owner)
        unanswered = nil
        due.foreign = Int(parts[1].integer ?? 0)
        serverTime = parts[6].integer ?? serverTime
        if looks { dueOffset = Int(parts[2].integer ?? -1) }
        expiredOffset = Int(parts[3].integer ?? -1)
        due.isComplete = (!looks || dueOffset < 0) && expiredOffset < 0
        due.wait = parts[4].integer.flatMap { $0 < 0 ? nil : .milliseconds($0) }
        due.strange = parts[7].integer.flatMap { $0 < 0 ? nil : .milliseconds($0) }
        due.takenOver = Int(parts[5].integer ?? 0)
        return due
    }

    /// Reads claimed entries, and stores those that another program wrote in this program's form.
    private func adopt(_ claims: [RedisReply], owner: String) throws(RedisError) -> [Delivery] {
        var deliveries: [Delivery] = []
        var adoptions: [RedisCall] = []
        for claim in claims {
            guard let parts = claim.array, parts.count == 3, let id = parts[0].text, let stored = parts[1].bytes else {
                continue
            }
            var entry = StoredEntry(stored: stored[...])
            entry.claim = id
            let bytes = entry.bytes(queue: quotedQueue)
            if bytes != stored {
                adoptions.append(
                    RedisPubSubClaimScripts.adopt.call(keys: [keys.claimed, keys.owners]).with(id, owner, bytes))
            }
            deliveries.append(
                Delivery(
                    bytes: entry.document(queue: quotedQueue), receipt: receipt(id, owner),
                    deliveries: Int(parts[2].integer ?? 0), failedAttempts: entry.retryCount))
        }
        // An entry whose update is refused stays as it was written: only its count of attempts does not grow.
        _ = try client.run(adoptions)
        return deliveries
    }

    /// Gives back requests that no caller waits for any more.
    func release(_ deliveries: [Delivery]) throws(RedisError) {
        let calls = deliveries.compactMap { RedisPubSubReceipt($0.receipt) }.map { RedisPubSubScripts.release($0) }
        for reply in try client.run(calls) { _ = try client.checked(reply, "release") }
    }

    /// The server's report about itself, and its uptime; less if the user lacks the permission.
    func server() throws(RedisError) -> (facts: Hearing.Server, uptime: Duration?) {
        let replies = try client.send([
            RedisCommand("INFO"), RedisCommand("CONFIG", "GET", "client-output-buffer-limit"),
        ])
        var values: [Substring: Substring] = [:]
        for line in (replies[0].text ?? "").split(whereSeparator: \.isNewline) {
            guard let colon = line.firstIndex(of: ":") else { continue }
            values[line[..<colon]] = line[line.index(after: colon)...]
        }
        let limits = replies[1].array.flatMap { $0.count == 2 ? $0[1].text : nil }
        let facts = Hearing.Server(
            run: values["run_id"].map(String.init),
            overflows: values["client_output_buffer_limit_disconnections"].flatMap { Int($0) },
            limit: limits.flatMap(Self.limitOfListeners))
        return (facts, values["uptime_in_seconds"].flatMap { Int($0) }.map { .seconds($0) })
    }

    /// The part of `normal 0 0 0 slave … pubsub 33554432 8388608 60` after `pubsub`.
    static func limitOfListeners(_ limits: String) -> String? {
        let words = limits.split(separator: " ")
        guard let place = words.firstIndex(of: "pubsub"), words.count > place + 3 else { return nil }
        return words[(place + 1)...(place + 3)].joined(separator: " ")
    }
}
