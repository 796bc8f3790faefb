/// Waits for other connections to change one of some keys.
///
/// The server says so where it may be asked (client-side caching, opting in, told over a subscribed connection;
/// redis.io/docs/latest/develop/reference/client-side-caching): measured 0.06 ms from a write to the wake-up. It tells
/// once each time it is asked: under load a server that told of every write (broadcasting mode) would do little else.
/// Where a user may not ask, the caller is woken after pauses that grow from 2 ms to 100 ms. Used by one thread at a
/// time, which goes round: look and send `question`, in one round trip, and then `wait`.
package final class KeyWatch {
    private let client: RedisClient
    private let subscriber: RedisSubscriber
    /// The connections the server was told about: the client's and the subscriber's.
    private var armed: (client: Int, subscriber: Int)?
    private static let shortestPause = Duration.milliseconds(2)
    private static let maxPause = Duration.milliseconds(100)
    private var pause = shortestPause
    /// Why the server does not tell; `nil` while it does.
    package private(set) var refusal: RedisError?
    private let ask: [RedisCommand]

    /// - Parameter client: Its own changes wake nobody.
    package init(_ client: RedisClient, keys: [String]) {
        self.client = client
        var read = RedisCommand("EXISTS", label: "EXISTS \(keys.joined(separator: " "))")
        for key in keys { read.append(key) }
        ask = [RedisCommand("CLIENT", "CACHING", "YES"), read]
        subscriber = RedisSubscriber(client.url, channel: "__redis__:invalidate")
    }

    /// Commands by which the server is asked to tell of the next change of a key; none where that is no use.
    ///
    /// If this client later changes one of the keys itself, Redis drops its tracking entry silently.
    package var question: [RedisCommand] {
        refusal == nil && armed?.client == client.connections ? ask : []
    }

    /// What the server said to `question`.
    ///
    /// - Returns: how many of the keys exist; `nil` when nobody will tell.
    package func answer(_ replies: ArraySlice<RedisReply>) -> Int? {
        if let reason = replies.lazy.compactMap(\.error).first {
            refusal = RedisError(operation: "CLIENT CACHING on \(client.url)", reason: reason, kind: .answer)
            return nil
        }
        return replies.last?.integer.map { Int($0) }
    }

    /// Makes ready to be told of changes, if that has not been done over the present connections.
    ///
    /// While that does not succeed, a wait may last its whole time.
    /// - Throws: when there is no connection.
    package func arm() throws(RedisError) {
        try client.connect()
        // The client may be at another server now, which knows nothing of a connection to the old one.
        if armed.map({ $0.client != client.connections }) ?? true { subscriber.leave(for: client.address) }
        if refusal != nil, armed?.client == client.connections { return }
        if subscriber.isSubscribed, let armed, armed == (client.connections, subscriber.subscriptions) { return }
        do throws(RedisError) {
            if !subscriber.isSubscribed { _ = try subscriber.wait(for: .zero, count: 0, wakeUp: WakeUp()) }
            guard subscriber.isSubscribed else { return }
            guard let id = subscriber.clientID else {
                throw RedisError(operation: "CLIENT ID on \(client.url)", reason: "no number", kind: .answer)
            }
            let off = RedisCommand("CLIENT", "TRACKING", "OFF")
            let on = RedisCommand(
                "CLIENT", "TRACKING", "ON", "REDIRECT", Int(id), "OPTIN", "NOLOOP", label: "CLIENT TRACKING")
            _ = try client.checked(try client.send([off, on])[1], "CLIENT TRACKING")
            refusal = nil
        } catch {
            guard error.kind == .answer else { throw error }
            refusal = error
        }
        armed = (client.connections, subscriber.subscriptions)
    }

    /// Waits until something may have changed or `wakeUp` was signalled, at most `limit`.
    ///
    /// - Throws: when the connection that tells broke.
    package func wait(for limit: Duration, wakeUp: WakeUp) throws(RedisError) {
        if refusal != nil {
            wakeUp.wait(for: min(limit, pause))
            pause = min(pause * 3 / 2, Self.maxPause)
        } else if limit > .zero {
            _ = try subscriber.wait(for: limit, count: 1000, wakeUp: wakeUp)
        }
    }

    /// Something was there: the next pauses are short again.
    package func found() { pause = Self.shortestPause }
}
