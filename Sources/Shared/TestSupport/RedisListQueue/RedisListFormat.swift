package import Messages
package import Redis

/// What source and sink of a Redis list agree on: the names of its keys.
package struct RedisListKeys: Sendable, Hashable {
    package let queue: String

    package init(queue: String) { self.queue = queue }

    /// What is leased or parked, by number.
    package var requests: String { "list:\(queue):requests" }
    package var leases: String { "list:\(queue):leases" }
    package var owners: String { "list:\(queue):owners" }
    package var parked: String { "list:\(queue):parked" }
    package var attempts: String { "list:\(queue):attempts" }
    package var deliveries: String { "list:\(queue):deliveries" }
    package var numbers: String { "list:\(queue):numbers" }
    package var deadLetters: String { "\(queue):dead-letter" }
}

/// What a receipt says: `<number> <owner> <queue>`.
package struct RedisListReceipt: Sendable, Hashable {
    package let number: String
    /// Unique per call that leases.
    package let owner: String
    package let queue: String

    package init(number: String, owner: String, queue: String) {
        self.number = number
        self.owner = owner
        self.queue = queue
    }

    /// `nil` for what is none of ours.
    package init?(_ receipt: Receipt) {
        let parts = receipt.text.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3 else { return nil }
        self.init(number: String(parts[0]), owner: String(parts[1]), queue: String(parts[2]))
    }

    package var receipt: Receipt { Receipt("\(number) \(owner) \(queue)") }
    package var keys: RedisListKeys { RedisListKeys(queue: queue) }
}

/// The script that settles, which a source calls too, to give requests back.
package enum RedisListScripts {
    private static let settle = RedisScript(name: "settle", source: ScriptText.joined(PackageResources.settle_lua))
    static let lease = RedisScript(name: "lease", source: ScriptText.joined(PackageResources.lease_lua))
    static let renew = RedisScript(name: "renew", source: ScriptText.joined(PackageResources.renew_lua))

    package static func result(_ lease: RedisListReceipt, to list: String, _ result: Bytes) -> RedisCall {
        call("result", lease, list: list, result: result)
    }

    package static func park(_ lease: RedisListReceipt, milliseconds: Int64, attempts: Int?) -> RedisCall {
        call("park", lease, milliseconds: max(0, milliseconds), attempts: attempts.map(String.init) ?? "")
    }

    package static func deadLetter(_ lease: RedisListReceipt, to list: String, result: Bytes?) -> RedisCall {
        call("dead", lease, list: list, result: result ?? [])
    }

    private static func call(
        _ what: String, _ lease: RedisListReceipt, list: String = "", result: Bytes = [], milliseconds: Int64 = 0,
        attempts: String = ""
    ) -> RedisCall {
        let keys = lease.keys
        return settle.call(
            keys: [keys.requests, keys.leases, keys.owners, keys.parked, keys.attempts, keys.deliveries]
        ).with(what, lease.number, lease.owner, list, result, milliseconds, attempts, keys.deadLetters)
    }
}
