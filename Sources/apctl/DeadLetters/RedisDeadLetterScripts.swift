import Redis

/// Scripts that put dead letters back on their queue: what an operator calls.
///
/// The letter goes last: whatever could be refused is asked before the first write, by commands that change nothing, and
/// then the letter stays. Whoever comes second finds no letter.
enum RedisDeadLetterScripts {
    /// Moves a dead letter to a queue that is a sorted set.
    static let enqueue = RedisScript(name: "requeue", source: ScriptText.joined(PackageResources.requeue_lua))

    /// Moves a dead letter to the retry set, due at once.
    static let park = RedisScript(
        name: "requeue-parked", source: ScriptText.joined(PackageResources.requeue_parked_lua))
}
