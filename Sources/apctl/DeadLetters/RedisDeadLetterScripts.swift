/// Scripts that put dead letters back on their queue: what an operator calls.
///
/// The letter goes last: whatever could be refused is asked before the first write, by commands that change nothing, and
/// then the letter stays. Whoever comes second finds no letter.
package enum DeadLetterScripts {
    /// Moves a dead letter to a queue that is a sorted set.
    ///
    ///     KEYS    1 dead letters, 2 queue
    ///     ARGV    1 the letter, 2 deadline (Unix seconds), 3 request
    ///     result  1; 0 if there is no such letter (any more); -1 if the very same request waits already, and the
    ///             letter stays
    package static let enqueue = RedisScript(
        name: "requeue",
        source: """
            if not redis.call('LPOS', KEYS[1], ARGV[1]) then return 0 end
            if redis.call('ZSCORE', KEYS[2], ARGV[3]) then return -1 end
            redis.call('ZADD', KEYS[2], 'XX', 0, ARGV[3])
            redis.call('LREM', KEYS[1], 1, '')
            redis.call('ZADD', KEYS[2], ARGV[2], ARGV[3])
            redis.call('LREM', KEYS[1], 1, ARGV[1])
            return 1
            """
    )

    /// Moves a dead letter to the retry set, due at once.
    ///
    ///     KEYS    1 dead letters, 2 retry set
    ///     ARGV    1 the letter, 2 the request as a `StoredEntry`, with a claim id of its own
    ///     result  1; 0 if there is no such letter (any more)
    package static let park = RedisScript(
        name: "requeue-parked",
        source: """
            if not redis.call('LPOS', KEYS[1], ARGV[1]) then return 0 end
            redis.call('ZADD', KEYS[2], 'XX', 0, ARGV[2])
            redis.call('LREM', KEYS[1], 1, '')
            local time = redis.call('TIME')
            redis.call('ZADD', KEYS[2], string.format('%.3f', time[1] + time[2] / 1000000), ARGV[2])
            redis.call('LREM', KEYS[1], 1, ARGV[1])
            return 1
            """
    )
}
