/// Scripts that end claims: what emit calls, and ingest to give requests back.
///
/// A script's writes are not undone when it stops, and it may stop at any command: a right is missing, a key holds
/// something else. So each asks first for what it needs last, by commands that change nothing, and what is left behind
/// after that (a lease, an owner) is nobody's: whoever comes across it removes it.
package enum SettleScripts {
    /// Ends a claim whose record is written; whatever of it can be refused was asked before.
    ///
    /// A replica refuses what is asked: what is missing there may not have arrived yet, and is not taken for settled.
    private static let ending = """
        local function ask(claimed, leases)
          redis.call('HDEL', claimed, '')
          redis.call('ZREM', leases, '')
        end
        local function finish(claimed, leases, owners, id)
          redis.call('HDEL', claimed, id)
          redis.pcall('ZREM', leases, id)
          redis.pcall('HDEL', owners, id)
        end


        """

    /// Publishes a result and ends the claim, whoever holds its lease.
    ///
    /// It needs no memory. `PUBLISH` comes before the claim goes, because a user may be forbidden to publish there.
    ///
    ///     KEYS    1 claimed, 2 leases, 3 owners, 4 deliveries
    ///     ARGV    1 claim id, 2 channel, 3 result
    ///     result  1, or 0 if there is no such claim (any more)
    package static let publish = RedisScript(
        name: "settle-publish",
        source: ending + """
            ask(KEYS[1], KEYS[2])
            if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return 0 end
            redis.call('PUBLISH', ARGV[2], ARGV[3])
            finish(KEYS[1], KEYS[2], KEYS[3], ARGV[1])
            redis.pcall('HDEL', KEYS[4], ARGV[1])
            return 1
            """
    )

    /// Puts a request into the retry set and ends the lease.
    ///
    /// The count of expired leases stays. What is not in the index is found by looking through the retry set.
    ///
    ///     KEYS    1 retry set, 2 claimed, 3 leases, 4 owners, 5 parked
    ///     ARGV    1 claim id, 2 owner, 3 due in so many ms, 4 failed attempts, or "" to leave the count as it is
    ///     result  1, or 0 if the lease is not the owner's
    package static let park = RedisScript(
        name: "park",
        source: ending + """
            ask(KEYS[2], KEYS[3])
            if redis.call('HGET', KEYS[4], ARGV[1]) ~= ARGV[2] then return 0 end
            local entry = redis.call('HGET', KEYS[2], ARGV[1])
            if not entry then return 0 end
            local first, last = string.find(entry, '^{"internal":{"retry_count":%d+,')
            if first and ARGV[4] ~= '' then
              entry = '{"internal":{"retry_count":' .. ARGV[4] .. ',' .. string.sub(entry, last + 1)
            end
            local time = redis.call('TIME')
            local due = string.format('%.6f', time[1] + time[2] / 1000000 + math.ceil(ARGV[3]) / 1000)
            redis.call('ZADD', KEYS[1], due, entry)
            redis.pcall('ZADD', KEYS[5], due, ARGV[1])
            finish(KEYS[2], KEYS[3], KEYS[4], ARGV[1])
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
        source: ending + """
            ask(KEYS[1], KEYS[2])
            if redis.call('HGET', KEYS[3], ARGV[1]) ~= ARGV[2] then return 0 end
            redis.call('RPUSH', KEYS[5], ARGV[3])
            if ARGV[5] ~= '' then redis.pcall('PUBLISH', ARGV[4], ARGV[5]) end
            finish(KEYS[1], KEYS[2], KEYS[3], ARGV[1])
            redis.pcall('HDEL', KEYS[4], ARGV[1])
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
        return park.call(keys: [keys.retrySet, keys.claimed, keys.leases, keys.owners, keys.parked(claim.queue)])
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
