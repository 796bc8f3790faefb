import Redis
import TestServers
import Testing

/// The proxy in front of a real Redis.
@Suite(.serialized)
struct ProxyTests {
    private let impatient = RedisTimeouts(connect: .milliseconds(500), command: .milliseconds(300))

    private func withProxy(_ body: (RedisServer, CuttingProxy) throws -> Void) async throws {
        let server = try await RedisServer()
        let proxy = try CuttingProxy(to: server.port)
        try body(server, proxy)
        server.kill()
    }

    private func ping(_ proxy: CuttingProxy) -> Bool {
        (try? RedisConnection(proxy.url, timeouts: impatient).send(RedisCommand("PING"))) == .status("PONG")
    }

    /// Whether it answers within a second; the proxy hears its orders only every few milliseconds.
    private func answersSoon(_ proxy: CuttingProxy) -> Bool { (0..<100).contains { _ in ping(proxy) } }

    @Test(.timeLimit(.minutes(1)))
    func carriesEverythingWhenItIsToldNothing() async throws {
        try await withProxy { (server, proxy) throws in
            let connection = try RedisConnection(proxy.url)
            let large = [UInt8](repeating: 0x61, count: 5 << 20)
            #expect(try connection.send(RedisCommand("SET", "k", large)) == .status("OK"))
            #expect(try connection.send(RedisCommand("GET", "k")) == .string(large))
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func delaysBothWays() async throws {
        try await withProxy { (server, proxy) throws in
            let connection = try RedisConnection(proxy.url)
            proxy.delay(.milliseconds(100))
            let start = ContinuousClock.now
            #expect(try connection.send(RedisCommand("PING")) == .status("PONG"))
            #expect(ContinuousClock.now - start >= .milliseconds(200))
            proxy.delay(.zero)
            let quick = ContinuousClock.now
            #expect(try connection.send(RedisCommand("PING")) == .status("PONG"))
            #expect(ContinuousClock.now - quick < .milliseconds(100))
        }
    }

    @Test(.timeLimit(.minutes(1)), arguments: CuttingProxy.Direction.allCases)
    func swallowsOneDirectionAndCutsInTheEnd(direction: CuttingProxy.Direction) async throws {
        try await withProxy { (server, proxy) throws in
            let connection = try RedisConnection(proxy.url, timeouts: impatient)
            let other = try RedisConnection(proxy.url, timeouts: RedisTimeouts(command: .seconds(20)))
            proxy.swallow(direction)
            #expect(throws: RedisError.self) { try connection.send(RedisCommand("INCR", "n")) }
            let direct = try RedisConnection(server.url)
            let count = try direct.send(RedisCommand("GET", "n"))
            #expect(count == (direction == .toServer ? .null : .string([0x31])))
            proxy.swallow(nil)
            #expect(throws: RedisError.self) {
                // It may still answer until the proxy has heard of it.
                for _ in 0..<1000 { _ = try other.send(RedisCommand("PING")) }
            }
            #expect(answersSoon(proxy))
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func cutsRefusesAndTakesConnectionsAgain() async throws {
        try await withProxy { (server, proxy) throws in
            #expect(ping(proxy))
            proxy.close()
            #expect((0..<100).contains { _ in !ping(proxy) })
            #expect(!ping(proxy))
            proxy.open()
            #expect(answersSoon(proxy))
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func losesOneAnswerAfterTheCommandRan() async throws {
        try await withProxy { (server, proxy) throws in
            proxy.swallowReply(toRequestWith: "INCR")
            #expect(throws: RedisError.self) { try RedisConnection(proxy.url).send(RedisCommand("INCR", "n")) }
            #expect(proxy.cuts == 1)
            #expect(try RedisConnection(proxy.url).send(RedisCommand("GET", "n")) == .string([0x31]))
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func servesOthersWhileOneDoesNotRead() async throws {
        try await withProxy { (server, proxy) throws in
            let lazy = try RedisConnection(proxy.url, timeouts: impatient)
            let large = [UInt8](repeating: 0x61, count: 8 << 20)
            #expect(try RedisConnection(server.url).send(RedisCommand("SET", "k", large)) == .status("OK"))
            // Its answers pile up in the proxy while it waits for nothing.
            #expect(throws: RedisError.self) {
                _ = try lazy.send(RedisCommand("DEBUG", "SLEEP", "0"))
                _ = try lazy.send((0..<4).map { _ in RedisCommand("GET", "k") } + [RedisCommand("BLPOP", "none", 0)])
            }
            #expect(ping(proxy))
        }
    }

    @Test
    func choosesPortsThatNoOutgoingConnectionIsGiven() throws {
        for _ in 0..<100 { #expect((20_000..<32_000).contains(try freePort())) }
    }
}
