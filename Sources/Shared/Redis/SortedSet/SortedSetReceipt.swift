package import Messages

/// What a receipt of a sorted set's queue says: which submission, whose lease, and where it is kept.
///
/// Written as `<submission> <born> <owner> <bytes of token> <bytes of retry set> <token><retry set><queue>`.
package struct SortedSetReceipt: Sendable, Hashable {
    /// SHA-1 of the producer's bytes.
    package var submission: String
    /// Which of the submissions with these bytes; see `SortedSetKeys`.
    package var born: String
    /// Unique per lease.
    package var owner: String
    /// `internal.request_token` of the message; empty if it has none.
    package var token: String
    package var keys: SortedSetKeys

    package init(submission: String, born: String, owner: String, token: String, keys: SortedSetKeys) {
        self.submission = submission
        self.born = born
        self.owner = owner
        self.token = token
        self.keys = keys
    }

    /// `nil` for what is no receipt of ours.
    package init?(_ receipt: Receipt) {
        let parts = receipt.bytes.split(separator: UInt8(ascii: " "), maxSplits: 5, omittingEmptySubsequences: false)
        guard parts.count == 6, !parts[0].isEmpty, !parts[2].isEmpty else { return nil }
        func text(_ bytes: Bytes) -> String { String(decoding: bytes, as: UTF8.self) }
        guard let tokenLength = Int(text(parts[3])), let retryLength = Int(text(parts[4])), tokenLength >= 0,
            retryLength >= 0, tokenLength <= parts[5].count, retryLength <= parts[5].count - tokenLength
        else { return nil }
        submission = text(parts[0])
        born = text(parts[1])
        owner = text(parts[2])
        token = text(parts[5].prefix(tokenLength))
        let names = parts[5].dropFirst(tokenLength)
        keys = SortedSetKeys(
            queue: text(names.dropFirst(retryLength)), retrySet: text(names.prefix(retryLength)))
    }

    package var receipt: Receipt {
        Receipt(
            "\(submission) \(born) \(owner) \(token.utf8.count) \(keys.retrySet.utf8.count) "
                + "\(token)\(keys.retrySet)\(keys.queue)")
    }
}
