/// A connection that is made when it is needed, and made again, after growing delays, when it broke.
///
/// Used by one thread at a time, which it blocks: for the time-outs, and for the delay when the server was away a moment
/// ago. That delay ends within 100 ms of the task's cancellation. Nothing is sent twice: after a failure the caller
/// decides what to repeat.
package final class RedisClient {
    package let url: RedisURL
    private let timeouts: RedisTimeouts
    private let writes: Bool
    private var connection: RedisConnection?
    /// Where the last connection led.
    package private(set) var address: ServerAddress?
    private var delay = ReconnectDelay()
    private var nextAttempt = ContinuousClock.now
    /// How often it has connected.
    package private(set) var connections = 0
    /// Why the server could not be reached last time; `nil` while all is well.
    package private(set) var lastError: RedisError?

    /// - Parameter writes: whether it must be a server that takes writes. A replica is none; whether the server still is
    ///   one is asked every few seconds, together with other commands.
    package init(_ url: RedisURL, timeouts: RedisTimeouts = RedisTimeouts(), writes: Bool = true) {
        self.url = url
        self.timeouts = timeouts
        self.writes = writes
    }

    /// Whether there is a connection that has not failed so far.
    package var isConnected: Bool { connection?.isUsable ?? false }

    /// Whether there is a connection and the server has not closed it.
    package var isAlive: Bool { connection?.isIdle ?? false }

    /// Ends the connection; the next call makes another.
    ///
    /// The server keeps as much memory for the next argument of a connection as the last large one took.
    package func close() { connection = nil }

    /// Connects if there is no connection.
    package func connect() throws(RedisError) { _ = try connected() }

    /// Ends the connection; the next command makes another.
    ///
    /// A server keeps the room that a large command took for as long as its connection stands, and then some seconds.
    package func disconnect() { connection = nil }

    /// Sends all commands in one go and waits for all replies, in order.
    ///
    /// An error reply is a reply.
    package func send(_ commands: [RedisCommand]) throws(RedisError) -> [RedisReply] {
        if commands.isEmpty { return [] }
        let connection = try connected()
        do {
            let asks = writes && connection.mustAskRole
            var replies = try connection.send(asks ? [RedisConnection.roleQuestion] + commands : commands)
            if asks { try connection.noteRole(replies.removeFirst()) }
            for reply in replies {
                if let reason = reply.error { leave(after: reason) }
            }
            return replies
        } catch {
            throw lost(error)
        }
    }

    /// Ends the connection if that answer says that another server should be talked to: behind the same address, or the
    /// same name, there may be one by now.
    ///
    /// Done for answers to commands; to be called with errors that a script has put into its answer.
    package func leave(after reason: String) {
        guard RedisRefusal.isOfWrongServer(reason) else { return }
        _ = lost(RedisError(operation: "talk to \(url)", reason: reason, kind: .answer))
    }

    /// Asks whether the server is there and takes writes.
    package func check() throws(RedisError) {
        let connection = try connected()
        do {
            let replies = try connection.send([RedisConnection.roleQuestion, RedisCommand("PING")])
            if writes { try connection.noteRole(replies[0]) }
            if let reason = replies[1].error { leave(after: reason) }
            _ = try checked(replies[1], "PING")
        } catch {
            throw error.kind == .answer ? error : lost(error)
        }
    }

    /// Sends one command; an error reply is thrown.
    package func send(_ command: RedisCommand) throws(RedisError) -> RedisReply {
        try checked(try send([command])[0], command.label)
    }

    /// Calls scripts, all in one round trip; one more when the server does not know them (it was restarted, or its
    /// scripts were flushed).
    ///
    /// An error reply is a reply.
    package func run(_ calls: [RedisCall]) throws(RedisError) -> [RedisReply] {
        var replies = try send(calls.map(\.command))
        let unknown = calls.indices.filter { replies[$0].error?.hasPrefix("NOSCRIPT") == true }
        if unknown.isEmpty { return replies }
        let sources = Set(unknown.map { calls[$0].script.source })
        let loads = sources.map { RedisCommand("SCRIPT", "LOAD", $0) }
        let again = try send(loads + unknown.map { calls[$0].command })
        for (index, reply) in zip(unknown, again.dropFirst(loads.count)) { replies[index] = reply }
        return replies
    }

    /// Calls one script; an error reply is thrown.
    package func run(_ call: RedisCall) throws(RedisError) -> RedisReply {
        try checked(try run([call])[0], call.command.label)
    }

    /// Calls one script and sends commands after it, all in one round trip; an error reply of the script is thrown.
    package func run(
        _ call: RedisCall, then commands: [RedisCommand]
    ) throws(RedisError) -> (reply: RedisReply, others: ArraySlice<RedisReply>) {
        let replies = try send([call.command] + commands)
        if replies[0].error?.hasPrefix("NOSCRIPT") == true {
            return (try run(call), try send(commands)[...])
        }
        return (try checked(replies[0], call.command.label), replies.dropFirst())
    }

    /// The reply, or its error thrown.
    package func checked(_ reply: RedisReply, _ operation: String) throws(RedisError) -> RedisReply {
        guard case .error(let reason) = reply else { return reply }
        throw RedisError(operation: "\(operation) on \(url)", reason: reason, kind: .answer)
    }

    private func connected() throws(RedisError) -> RedisConnection {
        if let connection, connection.isIdle { return connection }
        connection = nil
        try awaitNextAttempt()
        do {
            let new = try RedisConnection(url, timeouts: timeouts, first: address, writes: writes)
            delay.reset()
            connection = new
            address = new.address
            connections += 1
            lastError = nil
            return new
        } catch {
            nextAttempt = .now + delay.next()
            throw lost(error)
        }
    }

    private func lost(_ error: RedisError) -> RedisError {
        connection = nil
        lastError = error
        return error
    }

    private func awaitNextAttempt() throws(RedisError) {
        let pause = WakeUp()
        while ContinuousClock.now < nextAttempt {
            if Task.isCancelled {
                throw RedisError(operation: "connect to \(url)", reason: "cancelled", kind: .cancelled)
            }
            pause.wait(for: min(.milliseconds(100), nextAttempt - ContinuousClock.now))
        }
    }
}
