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
    private let marks: String?
    private let readAhead: Int?
    private let timeouts: RedisTimeouts
    private let silence: Duration
    private var connection: RedisConnection?
    private var ahead: ReadAhead?
    /// Where the present connection leads, or the last one led.
    package private(set) var address: ServerAddress?
    private var delay = ReconnectDelay()
    private var nextAttempt = ContinuousClock.now
    private var takenAt = ContinuousClock.now
    private var askedAt: ContinuousClock.Instant?
    /// How often it has subscribed.
    package private(set) var subscriptions = 0
    /// The server's number for the connection; `nil` if it does not tell (a user may be forbidden to ask).
    package private(set) var clientID: Int64?
    /// How many heard the mark of the present subscription, itself included; 0 while nobody knows.
    package private(set) var listeners = 0
    /// Whether all has been heard that was published before `unsubscribe`.
    package private(set) var hasLeft = false
    /// Why there is no mark on the present subscription; `nil` if there is one, or none was wanted.
    package private(set) var markRefusal: RedisError?

    /// - Parameters:
    ///   - marks: a second channel. At the very moment at which it subscribes to both it publishes a mark there, a text
    ///     that is never used again: all who listen to both hear it between the same two messages, as the server puts
    ///     both on each connection in one order. A user may be forbidden to: see `markRefusal`.
    ///   - readAhead: bytes that a thread of its own may read before they are asked for; `nil` for no such thread.
    ///   - silence: After so long without a byte the server is sent a PING, and after as long again without
    ///     an answer the connection is given up.
    package init(
        _ url: RedisURL, channel: String, marks: String? = nil, readAhead: Int? = nil,
        timeouts: RedisTimeouts = RedisTimeouts(), silence: Duration = .seconds(3)
    ) {
        self.url = url
        self.channel = channel
        self.marks = marks
        self.readAhead = readAhead
        self.timeouts = timeouts
        self.silence = silence
    }

    package var isSubscribed: Bool { connection != nil }

    /// Bytes that were read and not asked for yet.
    package var unread: Int { ahead?.waiting ?? 0 }

    /// Ends the connection, so that the next wait subscribes anew.
    ///
    /// - Parameter address: tried first then, where the host has several.
    package func leave(for address: ServerAddress?) {
        (connection, ahead) = (nil, nil)
        self.address = address
    }

    /// Subscribes to nothing from now on; `wait` still brings what was published before that, and then `hasLeft` is true.
    package func unsubscribe() throws(RedisError) { try connection?.post([RedisCommand("UNSUBSCRIBE")]) }

    /// Waits until messages have arrived or `wakeUp` was signalled, at most `limit`, and takes up to `count` messages.
    ///
    /// Subscribes first where that is due.
    /// - Parameters:
    ///   - count: 0 when there is no room: then it waits for `wakeUp` alone.
    ///   - bytes: it takes no more once it has so many.
    /// - Throws: when subscribing failed or the connection broke. The next call tries again, once the delay is over.
    package func wait(
        for limit: Duration, count: Int, bytes: Int = .max, wakeUp: WakeUp
    ) throws(RedisError) -> [RedisMessage] {
        guard let connection = try subscribed() else {
            wakeUp.wait(for: min(limit, max(.zero, nextAttempt - ContinuousClock.now)))
            return []
        }
        guard count > 0, bytes > 0 else {
            wakeUp.wait(for: limit)
            return []
        }
        do {
            let waiting = try take(count, bytes, from: connection)
            if !waiting.isEmpty { return waiting }
            let source = ahead?.descriptor ?? connection.descriptor
            let ready = waitReadable([source, wakeUp.descriptor], for: min(limit, untilQuestion))
            if ready[1] { wakeUp.clear() }
            if ready[0] { return try take(count, bytes, from: connection) }
            try watch(connection)
            return []
        } catch {
            (self.connection, ahead) = (nil, nil)
            throw error
        }
    }

    private func take(
        _ count: Int, _ bytes: Int, from connection: RedisConnection
    ) throws(RedisError) -> [RedisMessage] {
        let replies = try connection.receive(limit: count, bytes: bytes, from: ahead)
        if replies.isEmpty { return [] }
        takenAt = .now
        return replies.compactMap(message)
    }

    /// `message` of a push `["message", channel, payload]`; `nil` for PING's answer, and for how many heard the mark.
    ///
    /// What the server itself publishes about watched keys has a list of names for payload, or nothing; it counts as an
    /// empty message.
    private func message(_ reply: RedisReply) -> RedisMessage? {
        if case .integer(let number) = reply { listeners = Int(clamping: number) }
        guard let parts = reply.array, parts.count == 3 else { return nil }
        if parts[0].text == "unsubscribe", parts[2].integer == 0 { hasLeft = true }
        guard parts[0].text == "message" else { return nil }
        guard let channel = parts[1].text else { return nil }
        return RedisMessage(channel: channel, bytes: parts[2].bytes ?? [])
    }

    private var heardAt: ContinuousClock.Instant { max(takenAt, ahead?.heardAt ?? takenAt) }

    /// Whether the server has been asked since it was last heard.
    private var hasAsked: Bool { askedAt.map { heardAt <= $0 } ?? false }

    /// How long until the silence has lasted so long that something is done about it.
    ///
    /// An answer has its time from the question on: this process may have stood still before it.
    private var untilQuestion: Duration {
        let since = hasAsked ? askedAt ?? heardAt : heardAt
        return max(.zero, since + silence - ContinuousClock.now)
    }

    private func watch(_ connection: RedisConnection) throws(RedisError) {
        guard untilQuestion == .zero else { return }
        if hasAsked { throw connection.error("PING", "silent for \(silence * 2)", .connection) }
        try connection.post([RedisCommand("PING")])
        askedAt = .now
    }

    private func subscribed() throws(RedisError) -> RedisConnection? {
        if let connection { return connection }
        if ContinuousClock.now < nextAttempt { return nil }
        do {
            let new = try subscribe()
            if let readAhead { ahead = try new.readAhead(most: readAhead) }
            delay.reset()
            connection = new
            subscriptions += 1
            takenAt = .now
            askedAt = nil
            return new
        } catch {
            nextAttempt = .now + delay.next()
            throw error
        }
    }
}

// MARK: - Subscribing

extension RedisSubscriber {
    private func subscribe() throws(RedisError) -> RedisConnection {
        let new = try RedisConnection(url, timeouts: timeouts, first: address, writes: true)
        address = new.address
        clientID = try new.send([RedisCommand("CLIENT", "ID")])[0].integer
        listeners = 0
        markRefusal = try marks.flatMap { marks throws(RedisError) in try subscribe(new, marking: marks) }
        if marks == nil || markRefusal != nil {
            // Confirmed by one reply, as any other command; messages come after it.
            _ = try new.send(RedisCommand("SUBSCRIBE", channel, label: "SUBSCRIBE \(channel)"))
        }
        return new
    }

    private static let markLength = 16

    /// The mark that a message on the channel of marks is; `nil` if it is none: anybody may publish there.
    package static func mark(_ bytes: [UInt8]) -> String? {
        let isMark =
            bytes.count == markLength && bytes.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
        return isMark ? String(decoding: bytes, as: UTF8.self) : nil
    }

    /// Subscribes to both channels and publishes the mark, all at one moment.
    ///
    /// What comes of it: an array with both confirmations, and after that, in an order that depends on the server's
    /// version, the mark and how many heard it.
    /// - Returns: why that was refused; nothing has happened then.
    private func subscribe(_ connection: RedisConnection, marking marks: String) throws(RedisError) -> RedisError? {
        let digits = String(UInt64.random(in: 0 ... .max), radix: 16)
        let mark = String(repeating: "0", count: Self.markLength - digits.count) + digits
        let label = "MULTI, SUBSCRIBE and PUBLISH \(marks)"
        for command in [
            RedisCommand("MULTI"), RedisCommand("SUBSCRIBE", marks, channel), RedisCommand("PUBLISH", marks, mark),
        ] {
            guard let reason = try connection.send([command])[0].error else { continue }
            // An error also for having begun nothing.
            _ = try connection.send([RedisCommand("DISCARD")])
            return connection.error(label, reason, .answer)
        }
        let reply = try connection.send([RedisCommand("EXEC")])[0]
        return reply.error.map { connection.error(label, $0, .answer) }
    }
}
