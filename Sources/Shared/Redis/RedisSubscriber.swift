/// A message of a channel.
package struct RedisMessage: Sendable, Equatable {
    package let channel: String
    package let bytes: [UInt8]

    package init(channel: String, bytes: [UInt8]) {
        self.channel = channel
        self.bytes = bytes
    }
}

/// A connection subscribed to one channel that is made again, after growing delays, whenever it broke.
///
/// What is published while there is no connection is lost: that is what channels are. Used by one thread at a time.
package final class RedisSubscriber {
    package let url: RedisURL
    private let channel: String
    private let timeouts: RedisTimeouts
    private let silence: Duration
    private var connection: RedisConnection?
    private var address: ServerAddress?
    private var delay = ReconnectDelay()
    private var nextAttempt = ContinuousClock.now
    private var heardAt = ContinuousClock.now
    private var hasAsked = false
    /// How often it has subscribed.
    package private(set) var subscriptions = 0
    /// When it last began to subscribe, by the server's clock: milliseconds since 1970.
    ///
    /// Whatever it receives was published later.
    package private(set) var subscribedAt: Int64 = 0
    /// The server's number for the connection; `nil` if it does not tell (a user may be forbidden to ask).
    package private(set) var clientID: Int64?

    /// - Parameter silence: After so long without a byte the server is sent a PING, and after as long again without
    ///   an answer the connection is given up.
    package init(
        _ url: RedisURL, channel: String, timeouts: RedisTimeouts = RedisTimeouts(), silence: Duration = .seconds(3)
    ) {
        self.url = url
        self.channel = channel
        self.timeouts = timeouts
        self.silence = silence
    }

    package var isSubscribed: Bool { connection != nil }

    /// Ends the connection, so that the next wait subscribes anew.
    ///
    /// - Parameter address: tried first then, where the host has several.
    package func leave(for address: ServerAddress?) {
        connection = nil
        self.address = address
    }

    /// Waits until messages have arrived or `wakeUp` was signalled, at most `limit`, and takes up to `count` messages.
    ///
    /// Subscribes first where that is due.
    /// - Throws: when subscribing failed or the connection broke. The next call tries again, once the delay is over.
    package func wait(for limit: Duration, count: Int, wakeUp: WakeUp) throws(RedisError) -> [RedisMessage] {
        guard let connection = try subscribed() else {
            wakeUp.wait(for: min(limit, max(.zero, nextAttempt - ContinuousClock.now)))
            return []
        }
        do {
            let waiting = try take(count, from: connection)
            if !waiting.isEmpty { return waiting }
            let ready = waitReadable([connection.descriptor, wakeUp.descriptor], for: min(limit, untilQuestion))
            if ready[1] { wakeUp.clear() }
            if ready[0] { return try take(count, from: connection) }
            try watch(connection)
            return []
        } catch {
            self.connection = nil
            throw error
        }
    }

    private func take(_ count: Int, from connection: RedisConnection) throws(RedisError) -> [RedisMessage] {
        let replies = try connection.receive(limit: count)
        if replies.isEmpty { return [] }
        heardAt = .now
        hasAsked = false
        return replies.compactMap(Self.message)
    }

    /// `message` of a push `["message", channel, payload]`; `nil` for PING's answer.
    ///
    /// What the server itself publishes about watched keys has a list of names for payload, or nothing; it counts as an
    /// empty message.
    private static func message(_ reply: RedisReply) -> RedisMessage? {
        guard let parts = reply.array, parts.count == 3, parts[0].text == "message" else { return nil }
        guard let channel = parts[1].text else { return nil }
        return RedisMessage(channel: channel, bytes: parts[2].bytes ?? [])
    }

    /// How long until the silence has lasted so long that something is done about it.
    private var untilQuestion: Duration {
        max(.zero, heardAt + (hasAsked ? silence * 2 : silence) - ContinuousClock.now)
    }

    private func watch(_ connection: RedisConnection) throws(RedisError) {
        guard untilQuestion == .zero else { return }
        if hasAsked { throw connection.error("PING", "silent for \(silence * 2)", .connection) }
        try connection.post([RedisCommand("PING")])
        hasAsked = true
    }

    private func subscribed() throws(RedisError) -> RedisConnection? {
        if let connection { return connection }
        if ContinuousClock.now < nextAttempt { return nil }
        do {
            let new = try subscribe()
            delay.reset()
            connection = new
            subscriptions += 1
            heardAt = .now
            hasAsked = false
            return new
        } catch {
            nextAttempt = .now + delay.next()
            throw error
        }
    }

    private func subscribe() throws(RedisError) -> RedisConnection {
        let new = try RedisConnection(url, timeouts: timeouts, first: address, writes: true)
        address = new.address
        let time = try new.send(RedisCommand("TIME")).array ?? []
        subscribedAt = (time.first?.integer ?? 0) * 1000 + (time.last?.integer ?? 0) / 1000
        clientID = try new.send([RedisCommand("CLIENT", "ID")])[0].integer
        // Confirmed by one reply, as any other command; messages come after it.
        _ = try new.send(RedisCommand("SUBSCRIBE", channel, label: "SUBSCRIBE \(channel)"))
        return new
    }
}
