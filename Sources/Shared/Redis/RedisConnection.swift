internal import CHiredis
import Glibc

/// How long a server may take.
package struct RedisTimeouts: Sendable, Equatable {
    /// To accept a connection.
    package var connect: Duration
    /// Without moving a byte while an answer is due.
    package var command: Duration

    package init(connect: Duration = .seconds(5), command: Duration = .seconds(5)) {
        self.connect = connect
        self.command = command
    }
}

/// One connection, used by one thread at a time.
///
/// Non-blocking, with poll(2) for every wait: hiredis 0.14 ends a connection whose socket has a read time-out. A
/// connection that failed once stays unusable: after a time-out nobody knows which reply answers what. hiredis writes
/// with write(2), so SIGPIPE is ignored in the whole process from the first connection on.
package final class RedisConnection {
    private var context: UnsafeMutablePointer<redisContext>
    package let url: RedisURL
    /// Where it leads; `nil` for a Unix socket.
    package private(set) var address: ServerAddress?
    private let timeouts: RedisTimeouts
    private var hasOutput = false
    /// Another thread reads the socket: two would take each other's bytes.
    private var isReadElsewhere = false
    private var reader = ReplyReader()
    package private(set) var isUsable = true
    /// When the server last said which role it has; never after it would not say.
    private var roleHeard: ContinuousClock.Instant?

    /// Connects, says who we are and selects the database.
    ///
    /// Tries each address of the host until a server takes all of that.
    /// - Parameters:
    ///   - first: which address is tried first.
    ///   - writes: whether the server must be one that takes writes: replicas are passed over.
    package init(
        _ url: RedisURL, timeouts: RedisTimeouts = RedisTimeouts(), first: ServerAddress? = nil, writes: Bool = false
    ) throws(RedisError) {
        _ = Self.ignoresBrokenPipes
        self.url = url
        self.timeouts = timeouts
        var dial = Dial(url, limit: timeouts.connect, first: first)
        guard let connected = dial.next() else {
            throw RedisError(operation: "connect on \(url)", reason: dial.reason, kind: .connection)
        }
        (context, address) = connected
        while true {
            do throws(RedisError) {
                try introduce()
                if writes { try noteRole(try send([Self.roleQuestion])[0]) }
                return
            } catch {
                dial.refuse(address, error.reason)
                guard let other = dial.next() else {
                    guard dial.failures.count > 1 else { throw error }
                    throw self.error("connect", dial.reason, .connection)
                }
                redisFree(context)
                (context, address) = other
                reader = ReplyReader()
                (hasOutput, isUsable) = (false, true)
            }
        }
    }

    deinit { redisFree(context) }

    private static let ignoresBrokenPipes: Void = { _ = signal(SIGPIPE, SIG_IGN) }()

    package var descriptor: CInt { context.pointee.fd }

    /// Sends all commands in one go and waits for all replies, in order.
    ///
    /// An error reply is a reply.
    package func send(_ commands: [RedisCommand]) throws(RedisError) -> [RedisReply] {
        let label = commands.count == 1 ? commands[0].label : "\(commands.first?.label ?? "") (\(commands.count))"
        var replies: [RedisReply] = []
        replies.reserveCapacity(commands.count)
        do throws(RedisError) {
            for command in commands { try append(command) }
            try flush(label)
            while replies.count < commands.count {
                if let reply = try nextReply(label) { replies.append(reply) } else { try transfer(label) }
            }
        } catch {
            guard let words = lastWords(after: replies.last) else { throw error }
            throw broken(label, words)
        }
        if let words = replies.last?.error, Self.isGoodbye(words) { throw broken(label, words) }
        return replies
    }

    /// Why the server does not read on: it says so, and ends the connection, whatever was to come.
    private func lastWords(after reply: RedisReply?) -> String? {
        if isReadElsewhere { return nil }
        var last = reply
        repeat {
            while let next = try? nextReply("read") { last = next }
            guard waitReadable([descriptor], for: .zero)[0] else { break }
        } while (try? read()) != nil
        return last?.error.flatMap { Self.isGoodbye($0) ? $0 : nil }
    }

    /// Source: Redis' networking.c, setProtocolError.
    private static func isGoodbye(_ words: String) -> Bool { words.hasPrefix("ERR Protocol error") }

    /// Sends one command; an error reply is thrown.
    package func send(_ command: RedisCommand) throws(RedisError) -> RedisReply {
        let reply = try send([command])[0]
        if case .error(let reason) = reply { throw error(command.label, reason, .answer) }
        return reply
    }

    /// Sends commands whose replies `receive` brings.
    func post(_ commands: [RedisCommand]) throws(RedisError) {
        for command in commands { try append(command) }
        while hasOutput { try transfer(commands.first?.label ?? "") }
    }

    /// From now on a thread of its own reads what arrives, up to so many bytes ahead of `receive`.
    func readAhead(most: Int) throws(RedisError) -> ReadAhead {
        let ahead = try ReadAhead(descriptor, most: most)
        isReadElsewhere = true
        return ahead
    }

    /// Replies that have arrived, at most `limit`, and no more once they have `bytes`; without waiting.
    ///
    /// A connection that broke after some says so next time.
    /// - Parameter ahead: who reads the socket, if that is somebody else.
    func receive(limit: Int, bytes: Int = .max, from ahead: ReadAhead? = nil) throws(RedisError) -> [RedisReply] {
        var replies: [RedisReply] = []
        var room = bytes
        do throws(RedisError) {
            while replies.count < limit, room > 0 {
                if let reply = try nextReply("read") {
                    replies.append(reply)
                    room -= reply.size
                } else if let ahead {
                    if let bytes = ahead.next() {
                        reader.append(bytes)
                    } else if let reason = ahead.end {
                        throw broken("read", reason)
                    } else {
                        break
                    }
                } else if waitReadable([descriptor], for: .zero)[0] {
                    try read()
                } else {
                    break
                }
            }
        } catch {
            if replies.isEmpty { throw error }
        }
        return replies
    }

    /// Whether an idle connection still stands: nothing may arrive unasked but its end.
    var isIdle: Bool { isUsable && !waitReadable([descriptor], for: .zero)[0] }

    /// A command whose answer says, among other things, whether the server takes writes.
    static let roleQuestion = RedisCommand("HELLO", 2)
    private static let roleLife = Duration.seconds(5)

    /// Whether it is time to ask for the role again: a server that becomes a replica ends no connection.
    var mustAskRole: Bool { roleHeard.map { ContinuousClock.now - $0 > Self.roleLife } ?? false }

    /// Notes what the server answered to `roleQuestion`.
    ///
    /// A server may be forbidden to say, or too old: then its errors must do.
    /// - Throws: when it is a replica; the connection is of no use then.
    func noteRole(_ reply: RedisReply) throws(RedisError) {
        if let reason = reply.error {
            if RedisRefusal(reason) == .login {
                throw error("connect", "the server wants a user or a password: \(reason.prefix { $0 != " " })", .answer)
            }
            roleHeard = nil
            return
        }
        let words = reply.array ?? []
        let role = words.firstIndex { $0.text == "role" }.flatMap { words.dropFirst($0 + 1).first?.text }
        if role == "replica" || role == "slave" {
            throw broken("HELLO", "the server is a replica, which takes no writes")
        }
        roleHeard = .now
    }

    func error(_ operation: String, _ reason: String, _ kind: RedisError.Kind) -> RedisError {
        RedisError(operation: "\(operation) on \(url)", reason: reason, kind: kind)
    }
}

extension RedisConnection {
    private func introduce() throws(RedisError) {
        if !url.password.isEmpty {
            var command = RedisCommand("AUTH")
            if !url.user.isEmpty { command.append(url.user) }
            command.append(url.password)
            _ = try send(command)
        }
        if url.database != 0 { _ = try send(RedisCommand("SELECT", url.database)) }
    }

    private func append(_ command: RedisCommand) throws(RedisError) {
        guard isUsable else { throw error(command.label, "the connection is closed", .connection) }
        for piece in command.pieces {
            var rest = piece
            while true {
                let part = rest.prefix(Self.maxPiece)
                rest = rest.dropFirst(part.count)
                try append(part, command.label)
                if rest.isEmpty { break }
                while hasOutput { try transfer(command.label) }
            }
        }
    }

    /// What hiredis gets at once: it copies it, and keeps it until the socket has taken it.
    private static let maxPiece = 1 << 20

    private func append(_ bytes: ArraySlice<UInt8>, _ label: String) throws(RedisError) {
        bytes.withUnsafeBytes {
            _ = redisAppendFormattedCommand(context, $0.assumingMemoryBound(to: CChar.self).baseAddress, $0.count)
        }
        try checkContext(label)
        hasOutput = true
    }

    /// Writes what the socket takes now.
    private func flush(_ label: String) throws(RedisError) {
        guard hasOutput else { return }
        var done: CInt = 0
        redisBufferWrite(context, &done)
        try checkContext(label)
        hasOutput = done == 0
    }

    /// Waits until bytes can move in either direction, and moves them.
    private func transfer(_ label: String) throws(RedisError) {
        let events = (isReadElsewhere ? 0 : POLLIN) | (hasOutput ? POLLOUT : 0)
        var polled = [pollfd(fd: descriptor, events: Int16(events), revents: 0)]
        guard pollRetrying(&polled, for: timeouts.command) > 0 else {
            throw broken(label, "no answer within \(timeouts.command)")
        }
        if polled[0].revents & Int16(POLLOUT) != 0 { try flush(label) }
        guard polled[0].revents & ~Int16(POLLOUT) != 0 else { return }
        // Whoever reads finds out why it ended, once all that arrived before has been taken.
        if isReadElsewhere { throw error(label, "the connection broke", .connection) }
        try read(label)
    }

    private func read(_ label: String = "read") throws(RedisError) {
        let descriptor = descriptor
        var code: CInt = 0
        let count = reader.fill { room in
            let count = Glibc.read(descriptor, room.baseAddress, room.count)
            code = errno
            return count
        }
        if count == 0 { throw broken(label, "the server closed the connection") }
        if count < 0, code != EAGAIN, code != EINTR { throw broken(label, String(cString: strerror(code))) }
    }

    /// The next whole reply among the bytes read so far.
    private func nextReply(_ label: String) throws(RedisError) -> RedisReply? {
        do throws(ReplyReader.Malformed) {
            return try reader.next()
        } catch {
            throw broken(label, "no reply: \(error.reason)")
        }
    }

    private func checkContext(_ label: String) throws(RedisError) {
        guard context.pointee.err != 0 else { return }
        throw broken(label, Dial.error(of: context))
    }

    private func broken(_ label: String, _ reason: String) -> RedisError {
        isUsable = false
        return error(label, reason, .connection)
    }
}
