import Chaos
import Foundation

/// What the queue's server refuses or suffers for a while.
extension Oddity {
    static let rights: [Oddity] = [
        right("no EVALSHA", "-evalsha"), right("no LPUSH", "-lpush"), right("no HDEL", "-hdel"),
        right("no ZREM", "-zrem"), right("no ZADD", "-zadd"), right("no HSET", "-hset"),
        right("no HGET", "-hget", "-hmget"),
        right("no DEL", "-del"), right("no TIME", "-time"), right("no GET and MGET", "-get", "-mget"),
        right("no CLIENT", "-client"), right("no SUBSCRIBE", "-subscribe"), right("no PING", "-ping"),
        right("no key but the request set", "resetkeys", "~\(OddQueue.requests)"),
        right(
            "no result list", "resetkeys", "~\(OddQueue.requests)*", "~async:*", "~retry*", "~request*",
            "~odd-sortedset*"),
        right(
            "no marks of producers", "resetkeys", "~\(OddQueue.requests)*", "~async:*", "~retry*", "~result*", "~odd*"),
        right("nothing at all", "nocommands"), right("no user", "off"),
    ]

    static let servers: [Oddity] = [
        server("memory is full", ["CONFIG", "SET", "maxmemory", "1"], ["CONFIG", "SET", "maxmemory", "0"]),
        server("it is a replica of nobody", ["REPLICAOF", "127.0.0.1", "1"], ["REPLICAOF", "NO", "ONE"]),
        server(
            "too few replicas", ["CONFIG", "SET", "min-replicas-to-write", "1"],
            ["CONFIG", "SET", "min-replicas-to-write", "0"]),
        server("it pauses", ["CLIENT", "PAUSE", "1000"], ["CLIENT", "UNPAUSE"]),
        server(
            "another password", ["ACL", "SETUSER", OddQueue.user, "resetpass", ">other"],
            ["ACL", "SETUSER", OddQueue.user, "resetpass", ">\(OddQueue.password)"], cut: true),
        server(
            "no more clients", ["CONFIG", "SET", "maxclients", "1"], ["CONFIG", "SET", "maxclients", "10000"], cut: true
        ),
        server("its scripts are forgotten", ["SCRIPT", "FLUSH"], ["PING"]),
        server("its connections are cut", ["PING"], ["PING"], cut: true),
    ]

    /// Rights that are taken away, and given back while requests wait.
    private static func right(_ name: String, _ changes: String...) -> Oddity {
        let restore = ["ACL", "SETUSER", OddQueue.user, "on", "allkeys", "allchannels", "+@all"]
        return lasting(.right, name, ["ACL", "SETUSER", OddQueue.user] + changes, restore, cut: changes == ["off"])
    }

    private static func server(_ name: String, _ begin: [String], _ end: [String], cut: Bool = false) -> Oddity {
        lasting(.server, name, begin, end, cut: cut)
    }

    /// - Parameter cut: whether the stages' connections are cut as well, so that they meet it when they come again.
    private static func lasting(
        _ kind: Kind, _ name: String, _ begin: [String], _ end: [String], cut: Bool
    ) -> Oddity {
        Oddity(kind, name) { bench in
            try bench.queue.run(begin)
            if cut { try bench.queue.run(["CLIENT", "KILL", "USER", OddQueue.user]) }
            // As long as it takes to publish some: whatever waits for the server then is what is looked at.
            let published = bench.books.produced
            try await patiently(within: .milliseconds(700)) { bench.books.produced >= published + 25 }
            try await eventually("the server takes commands again") {
                do {
                    try bench.queue.run(end)
                    return true
                } catch {
                    return false
                }
            }
        }
    }
}
