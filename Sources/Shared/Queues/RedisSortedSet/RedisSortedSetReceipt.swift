package import Messages

/// What a receipt of a sorted set's queue says: which submission, whose lease, and where it is kept.
///
/// Written as `<submission> <born> <owner> <bytes of token> <bytes of retry set> <token><retry set><queue>`.
package struct RedisSortedSetReceipt: Sendable, Hashable {
    /// SHA-1 of the producer's bytes.
    package var submission: String
    /// Which of the submissions with these bytes; see `RedisSortedSetKeys`.
    package var born: String
    /// Unique per lease.
    package var owner: String
    /// `internal.request_token` of the message; empty if it has none.
    package var token: String
    package var keys: RedisSortedSetKeys

    package init(submission: String, born: String, owner: String, token: String, keys: RedisSortedSetKeys) {
        self.submission = submission
        self.born = born
        self.owner = owner
        self.token = token
        self.keys = keys
    }

    /// `nil` for what is no receipt of ours.
    package init?(_ receipt: Receipt) {
        var rest = receipt.bytes[...]
        let (submission, born, owner) = (Self.word(&rest), Self.word(&rest), Self.word(&rest))
        guard let submission, let born, let owner, !submission.isEmpty, !owner.isEmpty,
            let tokenLength = Self.length(&rest), let retryLength = Self.length(&rest), tokenLength <= rest.count,
            retryLength <= rest.count - tokenLength
        else { return nil }
        func text(_ bytes: Bytes) -> String { String(decoding: bytes, as: UTF8.self) }
        self.submission = text(submission)
        self.born = text(born)
        self.owner = text(owner)
        token = text(rest.prefix(tokenLength))
        let names = rest.dropFirst(tokenLength)
        keys = RedisSortedSetKeys(queue: text(names.dropFirst(retryLength)), retrySet: text(names.prefix(retryLength)))
    }

    /// Takes what stands before the next blank, and the blank.
    private static func word(_ rest: inout Bytes) -> Bytes? {
        guard let blank = rest.firstIndex(of: UInt8(ascii: " ")) else { return nil }
        defer { rest = rest[(blank + 1)...] }
        return rest[..<blank]
    }

    /// Takes a number that says how long something is: at most nine digits.
    private static func length(_ rest: inout Bytes) -> Int? {
        guard let digits = word(&rest), (1...9).contains(digits.count) else { return nil }
        var value = 0
        for digit in digits {
            guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return nil }
            value = value * 10 + Int(digit - UInt8(ascii: "0"))
        }
        return value
    }

    package var receipt: Receipt {
        let (tokenLength, retryLength) = (token.utf8.count, keys.retrySet.utf8.count)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(
            submission.utf8.count + born.utf8.count + owner.utf8.count + tokenLength + retryLength
                + keys.queue.utf8.count + 24)
        for word in [submission, born, owner, String(tokenLength), String(retryLength)] {
            bytes.append(contentsOf: word.utf8)
            bytes.append(UInt8(ascii: " "))
        }
        for text in [token, keys.retrySet, keys.queue] { bytes.append(contentsOf: text.utf8) }
        return Receipt(bytes)
    }
}
