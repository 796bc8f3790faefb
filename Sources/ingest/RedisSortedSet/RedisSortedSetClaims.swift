import Messages
import Queue
import Redis
import RedisSortedSet

/// Claims requests of one sorted set.
///
/// The claim is idempotent: a failed call is repeated under the same owner and finds the requests that it may have
/// claimed. Used by one thread.
struct RedisSortedSetClaims {
    struct Batch {
        var deliveries: [Delivery] = []
        /// Until the next parked request is due, if any is.
        var wait: Duration?
        /// Whether another call would find no more requests now.
        var isComplete = true
        /// Due entries found in the retry set that stay there: those of other queues, or bytes that are held already.
        var passed = 0
        var takenOver = 0
        /// Parked requests that another program took from the retry set.
        var missing = 0
        /// Parked requests given another time, since the server's clock had been set back.
        var corrected = 0
        /// No request is left to claim, and the server notifies when one comes.
        var isLast = false
    }

    /// Claims per call of a script: enough to be cheap, few enough that other clients do not wait for the server.
    static let most = 512

    let client: RedisClient
    private let keys: RedisSortedSetKeys
    private let quotedQueue: [UInt8]
    private let settings: RedisSortedSetSettings
    private let script: RedisScript
    private let token = String(UInt64.random(in: 0...UInt64.max), radix: 16)
    private var calls = 0
    /// The owner of a call whose reply was lost; it may have been carried out.
    private var unanswered: String?
    /// The server's time in its last answer, milliseconds since 1970; 0: there has been none.
    private(set) var serverTime: Int64 = 0
    /// Why producers' cancellations cannot be read; `nil` while they can.
    private(set) var cancellationReadError: String?

    init(client: RedisClient, keys: RedisSortedSetKeys, settings: RedisSortedSetSettings, script: RedisScript) {
        self.client = client
        self.keys = keys
        quotedQueue = JSONObject.quoted(keys.queue)
        self.settings = settings
        self.script = script
    }

    /// Claims at most `limit` requests; none if there is none.
    ///
    /// - Parameters:
    ///   - looks: whether to look for entries that other programs have put into the retry set.
    ///   - latest: until when by the server's clock expired leases may be taken over, milliseconds since 1970.
    ///   - watch: armed to notify of requests that come after this claim; `nil`: none is armed.
    mutating func claim(
        limit: Int, looks: Bool, takeOverUntil latest: Int64, telling watch: KeyWatch? = nil
    ) throws(RedisError) -> Batch {
        let isRepeated = unanswered != nil
        if unanswered == nil { calls += 1 }
        let owner = unanswered ?? "\(token).\(calls)"
        unanswered = owner
        let call = script.call(keys: keys.common + [keys.look])
            .with(
                owner, settings.lease.milliseconds, isRepeated ? String(serverTime) : "", min(limit, Self.most),
                settings.maxBytes, keys.queue, quotedQueue, looks ? 1 : 0, latest)
        let (reply, answers) = try client.run(call, then: watch?.question ?? [])
        let parts = reply.array ?? []
        guard parts.count == 10, let claims = parts[0].array else {
            throw RedisError(operation: "claim on \(client.url)", reason: "strange reply", kind: .answer)
        }
        var batch = Batch()
        batch.deliveries = try deliveries(claims, owner: owner)
        unanswered = nil
        serverTime = parts[7].integer ?? serverTime
        batch.passed = Int(parts[1].integer ?? 0)
        batch.isComplete = parts[2].integer == 0
        batch.wait = parts[3].integer.flatMap { $0 < 0 ? nil : .milliseconds($0) }
        batch.takenOver = Int(parts[4].integer ?? 0)
        batch.missing = Int(parts[8].integer ?? 0)
        batch.corrected = Int(parts[9].integer ?? 0)
        // Tracking was armed after the claim ran. A key that was made in between raises no invalidation, but it changes
        // how many of the keys exist: compare that.
        let existed = parts[5].integer.map { Int($0) }
        if let existed, !answers.isEmpty, watch?.answer(answers) == existed {
            batch.isLast = batch.isComplete && (batch.deliveries.isEmpty || parts[6].integer == 0)
        }
        return batch
    }

    private mutating func deliveries(_ claims: [RedisReply], owner: String) throws(RedisError) -> [Delivery] {
        var tokens: [Int: RequestToken] = [:]
        var deliveries: [Delivery] = []
        deliveries.reserveCapacity(claims.count / 5)
        for start in stride(from: 0, to: claims.count - 4, by: 5) {
            let parts = claims[start...].prefix(5)
            guard let submission = parts[start].text, let born = parts[start + 1].text,
                let bytes = parts[start + 2].bytes
            else { continue }
            let token = RequestToken(in: bytes[...])
            if let token { tokens[deliveries.count] = token }
            let receipt = RedisSortedSetReceipt(
                submission: submission, born: born, owner: owner, token: token?.token ?? "", keys: keys)
            deliveries.append(
                Delivery(
                    bytes: bytes[...], receipt: receipt.receipt, deliveries: Int(parts[start + 4].integer ?? 0),
                    failedAttempts: Int(parts[start + 3].integer ?? 0)))
        }
        try markCancelled(&deliveries, tokens)
        return deliveries
    }

    /// A producer cancels only the submission whose token it wrote for the id, not an earlier or a later one.
    private mutating func markCancelled(
        _ deliveries: inout [Delivery], _ tokens: [Int: RequestToken]
    ) throws(RedisError) {
        if tokens.isEmpty { return }
        var command = RedisCommand("MGET", label: "MGET request-cancel:…")
        let sought = Array(tokens)
        for (_, token) in sought { command.append(RedisSortedSetKeys.cancelled(token.id)) }
        let reply = try client.send([command])[0]
        cancellationReadError = reply.error
        var markers = reply.array ?? []
        if cancellationReadError != nil {
            // A marker that may not be read does not block the others.
            let single = sought.map { RedisCommand("MGET", RedisSortedSetKeys.cancelled($0.value.id)) }
            markers = try client.send(single).map { $0.array?.first ?? .null }
        }
        for ((index, token), marker) in zip(sought, markers)
        where marker.bytes?.elementsEqual(token.token.utf8) == true {
            deliveries[index].isCancelled = true
        }
    }
}
