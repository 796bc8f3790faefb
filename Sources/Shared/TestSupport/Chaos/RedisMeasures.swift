import Redis

extension RedisConnection {
    /// What the soak watches of a server.
    func measures() throws -> [String: Int] {
        let info = try send(RedisCommand("INFO")).text ?? ""
        func number(_ name: String) -> Int {
            info.split(whereSeparator: \.isNewline).first { $0.hasPrefix(name + ":") }
                .flatMap { Int($0.dropFirst(name.count + 1)) } ?? 0
        }
        return [
            "keys": Int(try send(RedisCommand("DBSIZE")).integer ?? 0), "memory": number("used_memory"),
            "process": number("process_id"), "clients": number("connected_clients"),
        ]
    }
}
