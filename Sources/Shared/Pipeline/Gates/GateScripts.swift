import GateRules
import Redis

/// The scripts of gates on Redis.
enum GateScripts {
    private static let takeSlots = make("quota-take", PackageResources.slots_lua, PackageResources.slots_take_lua)
    private static let giveSlots = make("quota-give", PackageResources.slots_give_lua)
    private static let keepSlots = make("quota-keep", PackageResources.slots_lua, PackageResources.slots_keep_lua)
    private static let takeStarts = make("quota-start", PackageResources.starts_take_lua)
    private static let lookTokens = make("tokens-look", PackageResources.tokens_lua, PackageResources.tokens_look_lua)
    private static let chargeTokens = make(
        "tokens-charge", PackageResources.tokens_lua, PackageResources.tokens_charge_lua)
    private static let takeRate = make("rate-take", PackageResources.rate_take_lua)

    private static func make(_ name: String, _ parts: [UInt8]...) -> RedisScript {
        let text = ([ScriptText.joined(PackageResources.clock_lua)] + parts.map { ScriptText.joined($0) })
        return RedisScript(name: name, source: text.joined(separator: "\n"))
    }

    /// Takes places, or counts starts, for requests that have the same value of the quota's attribute.
    ///
    /// Answers how many of them, from the first on, are within the quota; where starts or tokens are counted, also how
    /// many milliseconds the next one has to wait.
    /// - Parameter life: how long a place is held if nobody says that it still is.
    static func take(_ quota: QuotaSettings, value: String, ids: [String], life: Duration) -> RedisCall {
        var call: RedisCall
        switch quota.mode {
        case .concurrency:
            call = takeSlots.call(keys: [quota.key(for: value), quota.slotsKey(for: value)])
                .with(quota.limit, quota.counterSeconds, life.wholeMilliseconds)
        case .rate:
            call = takeStarts.call(keys: [quota.key(for: value)])
                .with(quota.limit, quota.window.wholeMicroseconds, quota.logSeconds)
        case .tokens:
            return lookTokens.call(keys: [quota.tokensKey(for: value)])
                .with(quota.limit, quota.window.wholeMicroseconds, ids.count)
        }
        for id in ids { call.append(id) }
        return call
    }

    /// Gives places back, or takes starts out of the count that did not come about.
    static func give(_ quota: QuotaSettings, value: String, ids: [String]) -> RedisCall? {
        guard quota.mode == .concurrency else { return nil }
        var call = giveSlots.call(keys: [quota.key(for: value), quota.slotsKey(for: value)])
            .with(quota.counterSeconds)
        for id in ids { call.append(id) }
        return call
    }

    /// The same where starts are counted.
    static func forget(_ quota: QuotaSettings, value: String, ids: [String]) -> RedisCommand {
        var command = RedisCommand("ZREM", quota.key(for: value))
        for id in ids { command.append(id) }
        return command
    }

    /// Says that places are still held.
    static func keep(_ quota: QuotaSettings, value: String, ids: [String], life: Duration) -> RedisCall {
        var call = keepSlots.call(keys: [quota.key(for: value), quota.slotsKey(for: value)])
            .with(quota.counterSeconds, life.wholeMilliseconds)
        for id in ids { call.append(id) }
        return call
    }

    /// Adds tokens to a bucket, unless the same has been added already.
    ///
    /// - Parameter name: of this charge; it is the same when it is sent again, and no other's.
    static func charge(_ bucket: TokenQuotas.Bucket, tokens: Int, name: String) -> RedisCall {
        chargeTokens.call(keys: [bucket.key])
            .with(bucket.quota.limit, bucket.quota.window.wholeMicroseconds, tokens, name)
    }

    /// Takes tokens of a leased rate; answers how many there are, and milliseconds until the next, or -1.
    static func take(_ rate: LeasedRateSettings, tokens: Int) -> RedisCall {
        takeRate.call(keys: [rate.controlKey, rate.stateKey])
            .with(rate.poolID, "\(rate.burst)", tokens, LeasedRate.apiVersion)
    }
}

extension QuotaSettings {
    /// How long the counter outlives its last use; llm-d-async's number.
    fileprivate var counterSeconds: Int {
        let seconds = Int(window.components.seconds)
        return seconds > 0 ? seconds : 300
    }

    /// How long the log of starts outlives its last use; llm-d-async's number.
    fileprivate var logSeconds: Int {
        let seconds = Int(window.components.seconds)
        return seconds > 0 ? 2 * seconds : 3600
    }
}

extension Duration {
    fileprivate var wholeMilliseconds: Int { max(1, Int(self / .milliseconds(1))) }
    fileprivate var wholeMicroseconds: Int { max(1, Int(self / .microseconds(1))) }
}
