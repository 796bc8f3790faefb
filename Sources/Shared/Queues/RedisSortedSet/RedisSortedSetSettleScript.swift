package import Redis
import RedisQueues

/// What the scripts of a queue that is a sorted set have in common, and the one that settles, which ingest calls as well
/// to give requests back.
///
/// A script's writes are not undone when one of them fails: see `ScriptText`.
package enum RedisSortedSetScript {
    package static let settle = make(
        "settle", "local KEYS = { unpack(ARGV, 2, 10) }\n" + parking + ScriptText.joined(PackageResources.settle_lua))

    /// How a request is parked, and found again.
    package static let parking = ScriptText.joined(PackageResources.parking_lua)

    /// A script that may use what `states.lua` and `calls.lua` have.
    package static func make(_ name: String, _ source: String) -> RedisScript {
        RedisScript(
            name: name,
            source: ScriptText.calls + ScriptText.joined(PackageResources.states_lua) + ScriptText.guarded(source))
    }
}
