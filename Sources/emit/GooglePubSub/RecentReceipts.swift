import Messages

/// The receipts that were settled last, so that a request that comes again after a process died or was frozen is not
/// published a second time.
struct RecentReceipts: Sendable {
    /// More than are settled in the time after which a silent peer counts as lost, some 3 MB.
    private static let most = 8192

    private var newer: Set<Receipt> = []
    private var older: Set<Receipt> = []

    func contains(_ receipt: Receipt) -> Bool { newer.contains(receipt) || older.contains(receipt) }

    mutating func insert(_ receipt: Receipt) {
        if newer.count == Self.most { (older, newer) = (newer, []) }
        newer.insert(receipt)
    }
}
