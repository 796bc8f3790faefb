package import Queue

extension QueueHealth {
    /// Runs something that asks the server, and becomes what that says of it.
    package mutating func note<T>(_ body: () throws(RedisError) -> T) throws(QueueError) -> T {
        do throws(RedisError) {
            let value = try body()
            self = .reachable
            return value
        } catch {
            self = .unreachable(reason: error.description)
            throw QueueError(error)
        }
    }
}
