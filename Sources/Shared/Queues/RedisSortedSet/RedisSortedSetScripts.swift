/// The scripts of a queue that is a sorted set: one claims, one renews, one settles.
///
/// A script's writes are not undone when one of them fails: see `ScriptText`.
///
/// They are values so that a test can damage one and see that it is noticed.
package struct SortedSetScripts: Sendable {
    package var claim: RedisScript
    package var renew: RedisScript
    package var settle: RedisScript

    package init(claim: RedisScript, renew: RedisScript, settle: RedisScript) {
        self.claim = claim
        self.renew = renew
        self.settle = settle
    }

    package static let standard = SortedSetScripts(
        claim: RedisScript(name: "claim", source: common + ScriptText.guarded(parkingSource + claimSource)),
        renew: RedisScript(name: "renew", source: common + ScriptText.guarded(renewSource)),
        settle: RedisScript(
            name: "settle", source: common + ScriptText.guarded(settleKeys + parkingSource + settleSource)))

    /// What more than one of them needs.
    private static let common =
        ScriptText.calls + """
            local time = redis.call('TIME')
            local now = time[1] * 1000 + math.floor(time[2] / 1000)

            local function parse(state)
              if not state then return nil end
              local what, owner, born, score, attempts, deliveries =
                string.match(state, '^(%u)(%S*) (%S+) (%S+) (%d+) (%d+)$')
              return { what = what, owner = owner, born = born, score = score, attempts = attempts,
                deliveries = deliveries }
            end

            local function write(what, owner, s)
              return what .. owner .. ' ' .. s.born .. ' ' .. s.score .. ' ' .. s.attempts .. ' ' .. s.deliveries
            end

            -- A replica refuses this, and it changes nothing elsewhere. What is not there on a replica may not have arrived.
            local function proveItTakesWrites(hash) call('HDEL', hash, '') end


            """
}
