import GateRules
import Loop
import Redis
import TestServers
import Testing

@PipelineActor
struct RedisBudgetTests {
    @Test(.timeLimit(.minutes(1)))
    func followsTheKeyAndTheServer() async throws {
        let server = try await RedisServer()
        let bench = try Bench(.redis(RedisBudgetSettings(address: "127.0.0.1:\(server.port)")))
        #expect(bench.state.isClosed, "nothing starts before the first answer")

        try await bench.expect(.inert, "has no key dispatch-gate-budget")
        #expect(bench.state.cap == nil && !bench.state.isClosed)

        bench.inFlight = 40
        _ = try redis(server, "SET", "dispatch-gate-budget", "0.5")
        try await bench.expect(.open)
        #expect(bench.state.cap == 32)
        #expect(bench.verdict() == .go)
        bench.processes = 2
        #expect(bench.state.cap == 16)

        _ = try redis(server, "SET", "dispatch-gate-budget", "-3")
        try await bench.expect(.closed)
        #expect(bench.state.isClosed)
        guard case .refuse(let why, _)? = bench.verdict() else {
            Issue.record("not refused")
            return
        }
        #expect(why.contains("dispatch-gate-budget is 0"), "\(why)")

        _ = try redis(server, "SET", "dispatch-gate-budget", "lots")
        try await bench.expect(.inert, "is \"lots\", no number")
        _ = try redis(server, "SET", "dispatch-gate-budget", "1.7")
        try await bench.expect(.open)
        #expect(bench.state.cap == nil)
        _ = try redis(server, "DEL", "dispatch-gate-budget")
        _ = try redis(server, "HSET", "dispatch-gate-budget", "a", "b")
        try await bench.expect(.shut, "WRONGTYPE")
        #expect(bench.state.isClosed)
        await bench.stop()
    }

    @Test(.timeLimit(.minutes(1)))
    func isShutWhileTheServerIsAwayOrHangs() async throws {
        let server = try await RedisServer()
        let bench = try Bench(.redis(RedisBudgetSettings(address: "127.0.0.1:\(server.port)")))
        try await bench.expect(.inert)
        server.freeze()
        try await bench.expect(.shut)
        server.thaw()
        try await bench.expect(.inert)
        server.kill()
        try await bench.expect(.shut, "refused")
        #expect(bench.state.isClosed)
        try await server.start()
        try await bench.expect(.inert)
        await bench.stop()
        #expect(bench.log.count("A gate lacks its metric and lets nothing through") == 2, "\(bench.log.all)")
        #expect(bench.log.count("A gate lacks its metric and lets everything through") == 3)
    }
}
