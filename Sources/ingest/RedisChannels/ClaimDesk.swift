import Messages
import Queue
import Redis

/// Claims requests for one queue: what has arrived on its channel, what is due, what others let expire.
///
/// Every call can be repeated after a failure: a reply that was lost loses nothing. Used by one thread.
struct ClaimDesk {
    /// Server's memory of a message's publications after the last.
    static let sightingsLive = Duration.seconds(60)

    struct Due {
        var deliveries: [Delivery] = []
        var foreign = 0
        var takenOver = 0
        /// Until the next entry is due, if any is waiting.
        var wait: Duration?
        /// Whether everything has been looked at.
        var isComplete = true
    }

    let client: RedisClient
    private let keys: ClaimKeys
    private let queue: String
    private let quotedQueue: [UInt8]
    private let settings: RedisChannelSettings
    private let token: String
    private var calls = 0
    private var sightings: Sightings
    /// The owner of a call for due entries that may have been carried out without our knowing.
    private var unanswered: String?
    private var dueOffset = 0
    private var expiredOffset = 0

    init(client: RedisClient, queue: QueueSettings, settings: RedisChannelSettings) {
        self.client = client
        keys = ClaimKeys(retrySet: queue.retryQueue)
        self.queue = queue.name
        quotedQueue = JSONObject.quoted(queue.name)
        self.settings = settings
        token = String(UInt64.random(in: 0...UInt64.max), radix: 16)
        sightings = Sightings(life: Self.sightingsLive * 2, now: .now)
    }

    /// Names the next lease; unique among all processes.
    mutating func makeOwner() -> String {
        calls += 1
        return "\(token).\(calls)"
    }

    // MARK: Arrivals

    /// Claims or parks a batch; returns what was claimed, and how many were parked and how many another replica had.
    mutating func claim(
        _ batch: Arrivals.Batch
    ) throws(RedisError) -> (deliveries: [Delivery], parked: Int, duplicates: Int) {
        let digests = batch.messages.indices.map { digest(of: batch, $0) }
        let fixed = [keys.retrySet, keys.claimed, keys.leases, keys.owners]
        var call = ClaimScripts.arrivals.call(keys: fixed + digests.map(keys.seen))
            .with(batch.owner, settings.lease.milliseconds, batch.isRepeated ? 1 : 0, Self.sightingsLive.milliseconds)
        for (index, message) in batch.messages.enumerated() {
            append(message, index, batch, digests[index], to: &call)
        }
        let answers = try client.run(call).array ?? []
        guard answers.count == 3 * digests.count else {
            throw RedisError(operation: "claim-arrivals on \(client.url)", reason: "strange reply", kind: .answer)
        }
        return note(answers, digests, batch)
    }

    private func append(
        _ message: Arrivals.Message, _ index: Int, _ batch: Arrivals.Batch, _ digest: String, to call: inout RedisCall
    ) {
        var entry = StoredEntry(document: message.bytes[...])
        entry.claim = id(batch, index)
        let known = sightings.count(of: digest, subscription: message.subscription)
        call.append(entry.claim)
        call.append(entry.bytes(queue: quotedQueue))
        call.append(index < batch.claims ? "claim" : "park")
        call.append(message.subscribedAt)
        call.append(known?.epoch ?? "")
        call.append(known?.count ?? 0)
    }

    private mutating func note(
        _ answers: [RedisReply], _ digests: [String], _ batch: Arrivals.Batch
    ) -> (deliveries: [Delivery], parked: Int, duplicates: Int) {
        var result = (deliveries: [Delivery](), parked: 0, duplicates: 0)
        for (index, message) in batch.messages.enumerated() {
            let status = answers[3 * index].integer
            if settings.deduplicate {
                let count = Sightings.Count(
                    epoch: answers[3 * index + 1].text ?? "", count: Int(answers[3 * index + 2].integer ?? 0),
                    subscription: message.subscription)
                sightings.set(count, of: digests[index], now: message.heardAt)
            }
            switch status {
            case 1:
                let attempts = StoredEntry(document: message.bytes[...]).retryCount
                let receipt = receipt(id(batch, index), batch.owner)
                result.deliveries.append(
                    Delivery(bytes: message.bytes[...], receipt: receipt, failedAttempts: attempts))
            case 2: result.parked += 1
            default: result.duplicates += 1
            }
        }
        return result
    }

    private func id(_ batch: Arrivals.Batch, _ index: Int) -> String { "\(batch.owner)-\(index + 1)" }

    /// Without deduplication every message is its own kind; the server's note then only tells a repeated call.
    private func digest(of batch: Arrivals.Batch, _ index: Int) -> String {
        settings.deduplicate
            ? SHA1.hex(Array(queue.utf8) + [0] + batch.messages[index].bytes) : id(batch, index)
    }

    private func receipt(_ id: String, _ owner: String) -> Receipt {
        ClaimReceipt(id: id, owner: owner, retrySet: keys.retrySet, queue: queue).receipt
    }

    // MARK: Due and expired

    /// Claims what is due, then what has expired, at most `limit`; goes on where the last call stopped looking.
    mutating func claimDue(limit: Int, takeOver: Bool) throws(RedisError) -> Due {
        let owner = unanswered ?? makeOwner()
        let isRepeated = unanswered != nil
        unanswered = owner
        let call = ClaimScripts.due
            .call(keys: [keys.retrySet, keys.claimed, keys.leases, keys.owners, keys.deliveries])
            .with(
                owner, settings.lease.milliseconds, isRepeated ? 1 : 0, min(limit, 256), 8 << 20, queue, quotedQueue,
                max(0, dueOffset), takeOver ? max(0, expiredOffset) : -1)
        let parts = try client.run(call).array ?? []
        guard parts.count == 6, let claims = parts[0].array else {
            throw RedisError(operation: "claim-due on \(client.url)", reason: "strange reply", kind: .answer)
        }
        var due = Due()
        due.deliveries = try adopt(claims, owner: owner)
        unanswered = nil
        due.foreign = Int(parts[1].integer ?? 0)
        dueOffset = Int(parts[2].integer ?? -1)
        expiredOffset = Int(parts[3].integer ?? -1)
        due.isComplete = dueOffset < 0 && expiredOffset < 0
        due.wait = parts[4].integer.flatMap { $0 < 0 ? nil : .milliseconds($0) }
        due.takenOver = Int(parts[5].integer ?? 0)
        return due
    }

    /// Reads claimed entries, and has those that another program wrote stored in our form.
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
                    ClaimScripts.adopt.call(keys: [keys.claimed, keys.owners]).with(id, owner, bytes))
            }
            deliveries.append(
                Delivery(
                    bytes: entry.document(queue: quotedQueue), receipt: receipt(id, owner),
                    deliveries: Int(parts[2].integer ?? 0), failedAttempts: entry.retryCount))
        }
        for reply in try client.run(adoptions) { _ = try client.checked(reply, "adopt") }
        return deliveries
    }

    /// Gives back what nobody waits for any more.
    func release(_ deliveries: [Delivery]) throws(RedisError) {
        let calls = deliveries.compactMap { ClaimReceipt($0.receipt) }.map { SettleScripts.release($0) }
        for reply in try client.run(calls) { _ = try client.checked(reply, "release") }
    }

    /// How long the server has been up; `nil` if it does not say (a user may be forbidden to ask).
    func uptime() throws(RedisError) -> Duration? {
        let name = "uptime_in_seconds:"
        let lines = try client.send([RedisCommand("INFO", "server")])[0].text?.split(whereSeparator: \.isNewline) ?? []
        return lines.first { $0.hasPrefix(name) }.flatMap { Int($0.dropFirst(name.count)) }.map { .seconds($0) }
    }
}
