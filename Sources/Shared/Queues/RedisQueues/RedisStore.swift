package import Queue
package import Redis

/// The name of a database, kept in a key of ours there: it goes where the data goes, over replication, a restart and a
/// backup.
///
/// Made once, by whoever comes first. Who has seen it puts it back where it is gone (the database was emptied, or a
/// replica took over before it had the key): what is under way belongs to this database still.
package struct RedisStore: Sendable {
    package static let key = "async:store"

    private let kind: QueueKind
    private var served: ServedNames
    /// The name as it was last read.
    private var known: String?

    /// - Parameter names: under which requests are kept by whoever asks; they are written down, see `ServedNames`.
    package init(_ kind: QueueKind, serving names: [String] = []) {
        self.kind = kind
        served = ServedNames(names)
    }

    /// Asks the server: one command, three more where there is no name.
    ///
    /// A user who may not, or a key of another type, is no failure: then the identity is not known.
    package mutating func identity(_ client: RedisClient) throws(RedisError) -> StoreAnswer {
        try served.note(client)
        if let answer = try read(try client.send([RedisCommand("GET", Self.key)])[0], client) { return answer }
        let name = known ?? String(UInt64.random(in: 0 ... .max), radix: 16)
        let replies = try client.send([
            RedisCommand("SET", Self.key, name, "NX"), RedisCommand("GET", Self.key),
        ])
        if let refusal = try refusal(replies[0], client) { return refusal }
        return try read(replies[1], client) ?? .unknown(reason: "\(Self.key) vanished from \(client.url)")
    }

    /// `nil` where there is no name.
    private mutating func read(_ reply: RedisReply, _ client: RedisClient) throws(RedisError) -> StoreAnswer? {
        if let refusal = try refusal(reply, client) { return refusal }
        guard let name = reply.text else { return nil }
        known = name
        return .store(StoreIdentity(kind, named: name))
    }

    private func refusal(_ reply: RedisReply, _ client: RedisClient) throws(RedisError) -> StoreAnswer? {
        guard let reason = reply.error else { return nil }
        let error = RedisError(operation: "GET or SET \(Self.key) on \(client.url)", reason: reason, kind: .answer)
        if error.refusal == .server || error.refusal == .login { throw error }
        return .unknown(reason: error.description)
    }
}

/// What scripts need that look through a retry set: `retrySetOf`; see the file.
package enum RetrySetScript {
    package static let text = ScriptText.joined(PackageResources.retry_set_lua)
}
