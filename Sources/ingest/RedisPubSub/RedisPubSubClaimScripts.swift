package import Redis
import RedisQueues

/// Scripts that claim requests and keep claims alive; what each takes and gives back stands above it in its file.
package enum RedisPubSubClaimScripts {
    /// Claims messages of a channel that several ingest processes may hear, or puts them into the retry set, due now.
    package static let arrivals = RedisScript(
        name: "claim-arrivals", source: ScriptText.joined(PackageResources.arrivals_lua))

    /// Claims what is parked and due, then what others let expire.
    package static let due = RedisScript(
        name: "claim-due", source: RetrySetScript.text + ScriptText.joined(PackageResources.due_lua))

    /// Replaces the stored form of a claimed entry that another program had written, so that all later scripts know it.
    package static let adopt = RedisScript(name: "adopt", source: ScriptText.joined(PackageResources.adopt_lua))

    /// Extends leases, also expired ones, as long as nobody has taken them over.
    package static let renew = RedisScript(name: "renew", source: ScriptText.joined(PackageResources.renew_lua))
}
