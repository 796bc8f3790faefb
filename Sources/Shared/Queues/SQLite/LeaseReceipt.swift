package import Messages

/// What a receipt says: which row, which submission of it, and which lease.
///
/// As text `<seq>.<submission>.<token>`, the last two in hexadecimal. The submission tells rows apart that had the same
/// number in different files; the token tells who holds the lease.
package struct LeaseReceipt: Equatable {
    /// The `requests.seq` of the row.
    package let seq: Int64
    package let submission: Int64
    package let token: Int64

    package init(seq: Int64, submission: Int64, token: Int64) {
        self.seq = seq
        self.submission = submission
        self.token = token
    }

    /// `nil` when somebody else made the receipt.
    package init?(_ receipt: Receipt) {
        let parts = receipt.text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let seq = Int64(parts[0]), let submission = UInt64(parts[1], radix: 16),
            let token = UInt64(parts[2], radix: 16)
        else { return nil }
        self.init(seq: seq, submission: Int64(bitPattern: submission), token: Int64(bitPattern: token))
    }

    package var receipt: Receipt { Receipt("\(seq).\(Self.hexadecimal(submission)).\(Self.hexadecimal(token))") }

    private static func hexadecimal(_ number: Int64) -> String {
        String(UInt64(bitPattern: number), radix: 16)
    }
}
