/// Scripts that end claims: what emit calls, and ingest to give requests back.
package enum SettleScripts {
    /// Publishes a result and ends the claim, whoever holds its lease.
    ///
    /// Deleting the field that does not exist makes a server that takes no writes refuse before anything is published;
    /// `PUBLISH` comes before the claim goes, because a user may be forbidden to publish.
    ///
    ///     KEYS    1 claimed, 2 leases, 3 owners, 4 deliveries
    ///     ARGV    1 claim id, 2 channel, 3 result
    ///     result  1, or 0 if there is no such claim (any more)
    package static let publish = RedisScript(
        name: "settle-publish",
        source: """
            if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return 0 end
            redis.call('HDEL', KEYS[1], '')
            redis.call('PUBLISH', ARGV[2], ARGV[3])
            redis.call('HDEL', KEYS[1], ARGV[1])
            redis.call('ZREM', KEYS[2], ARGV[1])
            redis.call('HDEL', KEYS[3], ARGV[1])
            redis.call('HDEL', KEYS[4], ARGV[1])
            return 1
            """
    )

    /// Puts a request into the retry set and ends the lease.
    ///
    /// The count of expired leases stays.
    ///
    ///     KEYS    1 retry set, 2 claimed, 3 leases, 4 owners
    ///     ARGV    1 claim id, 2 owner, 3 due in so many ms, 4 failed attempts, or "" to leave the count as it is
    ///     result  1, or 0 if the lease is not the owner's
    package static let park = RedisScript(
        name: "park",
        source: """
            if redis.call('HGET', KEYS[4], ARGV[1]) ~= ARGV[2] then return 0 end
            local entry = redis.call('HGET', KEYS[2], ARGV[1])
            if not entry then return 0 end
            local first, last = string.find(entry, '^{"internal":{"retry_count":%d+,')
            if first and ARGV[4] ~= '' then
              entry = '{"internal":{"retry_count":' .. ARGV[4] .. ',' .. string.sub(entry, last + 1)
            end
            local time = redis.call('TIME')
            local due = math.ceil(time[1] * 1000 + time[2] / 1000 + ARGV[3])
            redis.call('ZADD', KEYS[1], string.format('%.3f', due / 1000), entry)
            redis.call('HDEL', KEYS[2], ARGV[1])
            redis.call('ZREM', KEYS[3], ARGV[1])
            redis.call('HDEL', KEYS[4], ARGV[1])
            return 1
            """
    )

    /// Moves a request to the dead letters, publishes its result, if any, and ends the claim.
    ///
    /// A result that cannot be published (the user may not) does not keep the request from being put aside.
    ///
    ///     KEYS    1 claimed, 2 leases, 3 owners, 4 deliveries, 5 list of dead letters
    ///     ARGV    1 claim id, 2 owner, 3 document for the list, 4 channel, 5 result or ""
    ///     result  1, or 0 if the lease is not the owner's
    package static let deadLetter = RedisScript(
        name: "dead-letter",
        source: """
            if redis.call('HGET', KEYS[3], ARGV[1]) ~= ARGV[2] then return 0 end
            redis.call('RPUSH', KEYS[5], ARGV[3])
            if ARGV[5] ~= '' then redis.pcall('PUBLISH', ARGV[4], ARGV[5]) end
            redis.call('HDEL', KEYS[1], ARGV[1])
            redis.call('ZREM', KEYS[2], ARGV[1])
            redis.call('HDEL', KEYS[3], ARGV[1])
            redis.call('HDEL', KEYS[4], ARGV[1])
            return 1
            """
    )

    /// The call of `publish` for one claim.
    package static func publish(_ claim: ClaimReceipt, to channel: String, _ result: some RedisArgument) -> RedisCall {
        let keys = claim.keys
        return publish.call(keys: [keys.claimed, keys.leases, keys.owners, keys.deliveries])
            .with(claim.id, channel, result)
    }

    /// The call of `park` for one claim.
    package static func park(
        _ claim: ClaimReceipt, afterMilliseconds: Int64, failedAttempts: Int?
    ) -> RedisCall {
        let keys = claim.keys
        return park.call(keys: [keys.retrySet, keys.claimed, keys.leases, keys.owners])
            .with(claim.id, claim.owner, max(0, afterMilliseconds), failedAttempts.map(String.init) ?? "")
    }

    /// The call that gives a request back, due at once.
    package static func release(_ claim: ClaimReceipt) -> RedisCall {
        park(claim, afterMilliseconds: 0, failedAttempts: nil)
    }

    /// The call of `deadLetter` for one claim.
    package static func deadLetter(
        _ claim: ClaimReceipt, document: [UInt8], channel: String, result: some RedisArgument
    ) -> RedisCall {
        let keys = claim.keys
        let list = ClaimKeys.deadLetters(of: claim.queue)
        return deadLetter.call(keys: [keys.claimed, keys.leases, keys.owners, keys.deliveries, list])
            .with(claim.id, claim.owner, document, channel, result)
    }
}
