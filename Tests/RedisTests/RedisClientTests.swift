import Queue
import Redis
import TestServers
import Testing

@Suite(.timeLimit(.minutes(1)))
struct RedisClientTests {
    private static let echo = RedisScript(name: "echo", source: "return {KEYS[1], ARGV[1]}")
    private static let count = RedisScript(name: "count", source: "return redis.call('INCR', KEYS[1])")

    @Test
    func connectsAgainAfterTheServerWasKilledAndRestarted() async throws {
        let server = try await RedisServer(appendOnly: true)
        let client = RedisClient(server.url)
        _ = try client.send(RedisCommand("SET", "a", 1))
        server.kill()
        #expect(throws: RedisError.self) { try client.send(RedisCommand("GET", "a")) }
        #expect(client.lastError != nil)
        #expect(!client.isConnected)
        try await server.start()
        #expect(try client.send(RedisCommand("GET", "a")).integer == 1)
        #expect(client.connections == 2)
        #expect(client.lastError == nil)
    }

    @Test
    func doesNotTripOverAConnectionThatDiedWhileIdle() async throws {
        let server = try await RedisServer()
        let client = RedisClient(server.url)
        try client.connect()
        try await server.restart()
        #expect(try client.send(RedisCommand("PING")) == .status("PONG"))
        #expect(client.connections == 2)
    }

    @Test
    func waitsLongerAndLongerBetweenAttempts() throws {
        let client = RedisClient(RedisURL(.tcp(host: "127.0.0.1", port: try freePort())))
        let start = ContinuousClock.now
        for _ in 0..<4 { #expect(throws: RedisError.self) { try client.connect() } }
        // Three delays, drawn from 25...50, 50...100 and 100...200 ms.
        #expect((.milliseconds(175)...(.seconds(3))).contains(ContinuousClock.now - start))
    }

    @Test
    func stopsWaitingToReconnectWhenItsTaskIsCancelled() async throws {
        let url = RedisURL(.tcp(host: "127.0.0.1", port: try freePort()))
        let persistent = Persistent(url)
        let task = Task { await persistent.connectUntilCancelled() }
        try await Task.sleep(for: .milliseconds(50))
        task.cancel()
        await task.value
    }

    @Test
    func loadsScriptsTheServerDoesNotKnow() async throws {
        let server = try await RedisServer()
        let client = RedisClient(server.url)
        let expected = RedisReply.array([.string([0, 255]), .string(Array("b".utf8))])
        let call = Self.echo.call(keys: ["a"])
        #expect(try client.run(call.with("b")).array?.map(\.text) == ["a", "b"])
        _ = try client.send(RedisCommand("SCRIPT", "FLUSH"))
        #expect(try client.run(call.with("b")).array?.map(\.text) == ["a", "b"])
        #expect(try client.run(Self.echo.call(keys: ["k"]).with([UInt8]([0, 255]))).array?[1] == expected.array?[0])
    }

    @Test
    func runsEveryCallOnceWhenScriptsWereFlushed() async throws {
        let server = try await RedisServer()
        let client = RedisClient(server.url)
        _ = try client.run(Self.echo.call(keys: ["x"]).with("y"))
        let calls = [
            Self.count.call(keys: ["n"]), Self.echo.call(keys: ["a"]).with("b"), Self.count.call(keys: ["n"]),
        ]
        let replies = try client.run(calls)
        #expect(replies[0].integer == 1)
        #expect(replies[1].array?.map(\.text) == ["a", "b"])
        #expect(replies[2].integer == 2)
    }

    @Test
    func namesScriptsByTheirDigest() async throws {
        let server = try await RedisServer()
        let client = RedisClient(server.url)
        let loaded = try client.send(RedisCommand("SCRIPT", "LOAD", Self.count.source)).text
        #expect(loaded == Self.count.digest)
    }

    @Test
    func throwsWhatAScriptAnswered() async throws {
        let server = try await RedisServer()
        let client = RedisClient(server.url)
        _ = try client.send(RedisCommand("SET", "text", "x"))
        #expect {
            try client.run(Self.count.call(keys: ["text"]))
        } throws: { error in
            "\(error)".hasPrefix("EVALSHA count on redis://127.0.0.1:") && "\(error)".contains("not an integer")
        }
    }

    @Test
    func delaysDoubleUpToTheLongest() {
        var delay = ReconnectDelay(first: .milliseconds(50), longest: .milliseconds(150))
        #expect(delay.next(random: 0) == .milliseconds(25))
        #expect(delay.next(random: 0.5) == .milliseconds(75))
        #expect(delay.next(random: 0) == .milliseconds(75))
        #expect(delay.next(random: 0.5) == .microseconds(112_500))
        delay.reset()
        #expect(delay.next(random: 0.5) == .microseconds(37_500))
    }
}

/// A client on a thread of its own, as adapters have them.
private actor Persistent {
    private let thread = QueueThread(name: "persistent")
    private let client: RedisClient

    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    init(_ url: RedisURL) { client = RedisClient(url) }

    func connectUntilCancelled() {
        var last: RedisError?
        while last?.kind != .cancelled {
            do throws(RedisError) { try client.connect() } catch { last = error }
        }
    }
}
