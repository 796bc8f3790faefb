package import Redis
import RedisQueues
import RedisSortedSet

/// The scripts that a source calls: one claims, one renews, and the one that settles gives requests back.
///
/// They are values so that a test can break one and check that this is detected.
package struct RedisSortedSetScripts: Sendable {
    package var claim: RedisScript
    package var renew: RedisScript
    package var settle: RedisScript

    package init(claim: RedisScript, renew: RedisScript, settle: RedisScript) {
        self.claim = claim
        self.renew = renew
        self.settle = settle
    }

    package static let standard = RedisSortedSetScripts(
        claim: RedisSortedSetScript.make(
            "claim",
            RetrySetScript.text + RedisSortedSetScript.parking + ScriptText.joined(PackageResources.claim_lua)),
        renew: RedisSortedSetScript.make("renew", ScriptText.joined(PackageResources.renew_lua)),
        settle: RedisSortedSetScript.settle)
}
