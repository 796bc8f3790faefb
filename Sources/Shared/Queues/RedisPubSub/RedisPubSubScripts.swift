package import Redis
import RedisQueues

/// Scripts that end claims: what emit calls, and ingest to give requests back.
///
/// A script's writes are not undone when it stops, and it may stop at any command: a right is missing, a key holds
/// something else. So each asks first for what it needs last, by commands that change nothing, and what is left behind
/// after that (a lease, an owner) is nobody's: whoever comes across it removes it.
package enum RedisPubSubScripts {
    /// Publishes a result and ends the claim, whoever holds its lease.
    package static let publish = make("settle-publish", PackageResources.publish_lua)

    /// Puts a request into the retry set and ends the lease.
    package static let park = make("park", PackageResources.park_lua)

    /// Moves a request to the dead letters, publishes its result, if any, and ends the claim.
    package static let deadLetter = make("dead-letter", PackageResources.dead_letter_lua)

    private static func make(_ name: String, _ file: [UInt8]) -> RedisScript {
        RedisScript(name: name, source: ScriptText.joined(PackageResources.ending_lua, file))
    }

    /// The call of `publish` for one claim.
    package static func publish(_ claim: RedisPubSubReceipt, to channel: String, _ result: some RedisArgument)
        -> RedisCall
    {
        let keys = claim.keys
        return publish.call(keys: [keys.claimed, keys.leases, keys.owners, keys.deliveries])
            .with(claim.id, channel, result)
    }

    /// The call of `park` for one claim.
    package static func park(
        _ claim: RedisPubSubReceipt, afterMilliseconds: Int64, failedAttempts: Int?
    ) -> RedisCall {
        let keys = claim.keys
        return park.call(keys: [keys.retrySet, keys.claimed, keys.leases, keys.owners, keys.parked(claim.queue)])
            .with(claim.id, claim.owner, max(0, afterMilliseconds), failedAttempts.map(String.init) ?? "")
    }

    /// The call that gives a request back, due at once.
    package static func release(_ claim: RedisPubSubReceipt) -> RedisCall {
        park(claim, afterMilliseconds: 0, failedAttempts: nil)
    }

    /// The call of `deadLetter` for one claim.
    package static func deadLetter(
        _ claim: RedisPubSubReceipt, document: [UInt8], channel: String, result: some RedisArgument
    ) -> RedisCall {
        let keys = claim.keys
        let list = DeadLetterDocument.list(of: claim.queue)
        return deadLetter.call(keys: [keys.claimed, keys.leases, keys.owners, keys.deliveries, list])
            .with(claim.id, claim.owner, document, channel, result)
    }
}
