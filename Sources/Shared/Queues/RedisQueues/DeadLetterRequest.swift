import Messages
import Primitives
package import Queue
package import Redis

/// A request that becomes a dead letter, and where the server keeps it.
package struct DeadLetterRequest: Sendable {
    /// Of its settlement in the batch.
    package var place: Int
    package var settlement: Settlement
    package var reason: String
    package var queue: String
    /// Hash and field of its bytes.
    package var body: (hash: String, field: String)
    /// Hash and field of what is counted of it.
    package var counts: (hash: String, field: String)

    /// `nil` for a settlement that ends otherwise.
    package init?(
        place: Int, settlement: Settlement, queue: String, body: (hash: String, field: String),
        counts: (hash: String, field: String)
    ) {
        guard case .deadLetter(let reason, _) = settlement.action else { return nil }
        self.place = place
        self.settlement = settlement
        self.reason = reason
        self.queue = queue
        self.body = body
        self.counts = counts
    }
}

extension RedisClient {
    /// The documents for dead letters, or why there is none, by place; two round trips if there are any.
    ///
    /// - Parameters:
    ///   - limits: how long they may be.
    ///   - complete: fills in what the queue knows, from what is counted of the request.
    package func deadLetters(
        _ requests: [DeadLetterRequest], limits: LetterLimits,
        complete: (inout DeadLetterDocument, RedisReply) -> Void
    ) throws(RedisError) -> [Int: Result<[UInt8], RedisError>] {
        if requests.isEmpty { return [:] }
        let bodies = try run(requests.map { DeadLetterBody.call($0.body.hash, $0.body.field) })
        let counts = requests.map { RedisCommand("HGET", $0.counts.hash, $0.counts.field) }
        let replies = try send([RedisCommand("TIME")] + counts)
        let time = replies[0].array?.first?.integer ?? WallClock.now().milliseconds / 1000
        var letters: [Int: Result<[UInt8], RedisError>] = [:]
        for (request, (body, count)) in zip(requests, zip(bodies, replies.dropFirst())) {
            if let reason = body.error ?? count.error {
                letters[request.place] = .failure(
                    RedisError(operation: "settle on \(url)", reason: reason, kind: .answer))
                continue
            }
            guard let body = DeadLetterBody(body) else { continue }
            var document = DeadLetterDocument(
                queue: request.queue, id: request.settlement.id, reason: request.reason, time: time, deliveries: 0,
                attempts: 0, body: body.bytes, size: body.size)
            complete(&document, count)
            letters[request.place] = .success(document.encoded(atMost: limits[request.settlement.receipt]))
        }
        return letters
    }
}
