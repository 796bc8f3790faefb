package import Redis
import RedisQueues

/// Scripts that claim requests and keep claims alive; a comment at the top of each file describes its arguments and its
/// answer.
package enum RedisPubSubClaimScripts {
    /// Claims messages of a channel that several ingest processes may hear, or puts them into the retry set, due now.
    package static let arrivals = RedisScript(
        name: "claim-arrivals", source: ScriptText.joined(PackageResources.arrivals_lua))

    /// Claims parked requests that are due, then those whose leases have expired.
    package static let due = RedisScript(
        name: "claim-due", source: RetrySetScript.text + ScriptText.joined(PackageResources.due_lua))

    /// Replaces the stored form of a claimed entry that another program had written, so that all later scripts can read
    /// it.
    package static let adopt = RedisScript(name: "adopt", source: ScriptText.joined(PackageResources.adopt_lua))

    /// Extends leases, also expired ones, as long as no other process has taken them over.
    package static let renew = RedisScript(name: "renew", source: ScriptText.joined(PackageResources.renew_lua))
}
