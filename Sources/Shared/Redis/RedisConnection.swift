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
    private let context: UnsafeMutablePointer<redisContext>
    package let url: RedisURL
    private let timeouts: RedisTimeouts
    private var hasOutput = false
    private var reader = ReplyReader()
    package private(set) var isUsable = true

    /// Connects, says who we are and selects the database.
    package init(_ url: RedisURL, timeouts: RedisTimeouts = RedisTimeouts()) throws(RedisError) {
        _ = Self.ignoresBrokenPipes
        let context =
            switch url.endpoint {
            case .tcp(let host, let port): redisConnectNonBlock(host, CInt(clamping: port))
            case .unix(let path): redisConnectUnixNonBlock(path)
            }
        guard let context else {
            throw RedisError(operation: "connect to \(url)", reason: "out of memory", kind: .connection)
        }
        self.context = context
        self.url = url
        self.timeouts = timeouts
        try checkContext("connect")
        // A child process that inherited it would keep the server from noticing that we are gone.
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        try awaitConnection()
        try introduce()
    }

    deinit { redisFree(context) }

    private static let ignoresBrokenPipes: Void = { _ = signal(SIGPIPE, SIG_IGN) }()

    package var descriptor: CInt { context.pointee.fd }

    /// Sends all commands in one go and waits for all replies, in order.
    ///
    /// An error reply is a reply.
    package func send(_ commands: [RedisCommand]) throws(RedisError) -> [RedisReply] {
        let label = commands.count == 1 ? commands[0].label : "\(commands.first?.label ?? "") (\(commands.count))"
        for command in commands { try append(command) }
        try flush(label)
        var replies: [RedisReply] = []
        replies.reserveCapacity(commands.count)
        while replies.count < commands.count {
            if let reply = try nextReply(label) { replies.append(reply) } else { try transfer(label) }
        }
        return replies
    }

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

    /// Replies that have arrived, at most `limit`; without waiting.
    ///
    /// A connection that broke after some says so next time.
    func receive(limit: Int) throws(RedisError) -> [RedisReply] {
        var replies: [RedisReply] = []
        do {
            while replies.count < limit {
                if let reply = try nextReply("read") {
                    replies.append(reply)
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

    func error(_ operation: String, _ reason: String, _ kind: RedisError.Kind) -> RedisError {
        RedisError(operation: "\(operation) on \(url)", reason: reason, kind: kind)
    }
}

extension RedisConnection {
    private func awaitConnection() throws(RedisError) {
        var polled = [pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)]
        guard pollRetrying(&polled, for: timeouts.connect) > 0 else {
            throw broken("connect", "no answer within \(timeouts.connect)")
        }
        var code: CInt = 0
        var size = socklen_t(MemoryLayout<CInt>.size)
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size)
        if code != 0 { throw broken("connect", String(cString: strerror(code))) }
    }

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
        for part in [command.head, command.body] {
            part.withUnsafeBytes {
                _ = redisAppendFormattedCommand(context, $0.assumingMemoryBound(to: CChar.self).baseAddress, $0.count)
            }
        }
        try checkContext(command.label)
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
        let events = POLLIN | (hasOutput ? POLLOUT : 0)
        var polled = [pollfd(fd: descriptor, events: Int16(events), revents: 0)]
        guard pollRetrying(&polled, for: timeouts.command) > 0 else {
            throw broken(label, "no answer within \(timeouts.command)")
        }
        if polled[0].revents & Int16(POLLOUT) != 0 { try flush(label) }
        if polled[0].revents & ~Int16(POLLOUT) != 0 { try read(label) }
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
        let reason = withUnsafeBytes(of: context.pointee.errstr) { text in
            String(decoding: text.prefix { $0 != 0 }, as: UTF8.self)
        }
        throw broken(label, reason)
    }

    private func broken(_ label: String, _ reason: String) -> RedisError {
        isUsable = false
        return error(label, reason, .connection)
    }
}
