package import Messages

/// What a receipt of a Redis queue says: which claim, whose lease, and where it is kept.
///
/// Written as `<claim id> <owner> <length of the retry set's name in bytes> <retry set><queue>`.
package struct RedisPubSubReceipt: Sendable, Hashable {
    /// Stays the same for as long as the request lives, also while it is parked.
    package var id: String
    /// Unique per lease.
    package var owner: String
    package var retrySet: String
    package var queue: String

    package init(id: String, owner: String, retrySet: String, queue: String) {
        self.id = id
        self.owner = owner
        self.retrySet = retrySet
        self.queue = queue
    }

    /// `nil` for what is no receipt of ours.
    package init?(_ receipt: Receipt) {
        let parts = receipt.bytes.split(separator: UInt8(ascii: " "), maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 4, !parts[0].isEmpty, !parts[1].isEmpty else { return nil }
        guard let length = Int(String(decoding: parts[2], as: UTF8.self)), (0...parts[3].count).contains(length) else {
            return nil
        }
        id = String(decoding: parts[0], as: UTF8.self)
        owner = String(decoding: parts[1], as: UTF8.self)
        retrySet = String(decoding: parts[3].prefix(length), as: UTF8.self)
        queue = String(decoding: parts[3].dropFirst(length), as: UTF8.self)
    }

    package var receipt: Receipt { Receipt("\(id) \(owner) \(retrySet.utf8.count) \(retrySet)\(queue)") }

    package var keys: RedisPubSubKeys { RedisPubSubKeys(retrySet: retrySet) }
}
