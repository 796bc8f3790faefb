import Processes
import Redis

/// A consumer that waits in BRPOP, and takes all there is when something has come.
struct ResultReader: Sendable {
    let url: RedisURL
    let count: Int

    /// Blocks its thread until every result has come.
    ///
    /// - Returns: when each was seen, by number.
    func run() throws -> [Int64] {
        let connection = try RedisConnection(url, timeouts: RedisTimeouts(command: .seconds(20)))
        var moments = [Int64](repeating: 0, count: count)
        var seen = 0
        let commands = [
            RedisCommand("BRPOP", RedisSortedSetLoad.results, 15),
            RedisCommand("RPOP", RedisSortedSetLoad.results, 1000),
        ]
        while seen < count {
            let replies = try connection.send(commands)
            let now = Monotonic.now
            guard let first = replies[0].array?.last?.bytes else {
                throw ProcessFailure("\(seen) of \(count) results, and none for 15 s")
            }
            for result in [first] + (replies[1].array ?? []).compactMap(\.bytes) {
                guard let number = RequestText.number(in: result, after: RequestText.resultStart), number < count else {
                    throw ProcessFailure("an unknown result: \(String(decoding: result.prefix(200), as: UTF8.self))")
                }
                moments[number] = now
                seen += 1
            }
        }
        return moments
    }
}
