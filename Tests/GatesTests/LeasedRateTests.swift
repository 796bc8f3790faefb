import Foundation
import GateRules
import Loop
import Redis
import TestServers
import Testing

@PipelineActor
struct LeasedRateTests {
    /// As a controller writes it.
    private func lease(
        _ server: RedisServer, rate: String, seconds: Double = 30, pool: String = "p", version: String? = nil
    ) throws {
        let until = Int64((Date().timeIntervalSince1970 + seconds) * 1000)
        _ = try redis(
            server, "HSET", "control", "api_version", version ?? LeasedRate.apiVersion, "pool_id", pool,
            "max_admission_rps", rate, "valid_until_unix_ms", "\(until)", "decision_id", "d1")
        _ = try redis(server, "PEXPIREAT", "control", "\(until)")
    }

    private func settings(_ server: RedisServer) -> LeasedRateSettings {
        LeasedRateSettings(address: "127.0.0.1:\(server.port)", controlKey: "control", poolID: "p")
    }

    private func goes(_ decisions: [GateDecision]) -> Int { decisions.filter { $0.verdict == .go }.count }

    @Test(.timeLimit(.minutes(1)))
    func startsOnlyUnderALeaseThatHolds() async throws {
        let server = try await RedisServer()
        let bench = try Bench(.leasedRate(settings(server)))
        try await bench.expect(.shut, "there is no lease")
        #expect(bench.state.isClosed)
        try lease(server, rate: "10")
        try await bench.expect(.open, "decision d1")
        #expect(bench.state.rate == 10)
        try lease(server, rate: "0")
        try await bench.expect(.closed, "paused by decision d1")
        try lease(server, rate: "10", pool: "q")
        try await bench.expect(.shut, "for pool \"q\"")
        try lease(server, rate: "10", version: "v2")
        try await bench.expect(.shut, "api_version")
        try lease(server, rate: "much")
        try await bench.expect(.shut, "max_admission_rps")
        try lease(server, rate: "10", seconds: 0.3)
        try await bench.expect(.open)
        try await bench.expect(.shut)
        _ = try redis(server, "SET", "control", "x")
        try await bench.expect(.shut, "WRONGTYPE")
        _ = try redis(server, "DEL", "control")
        try lease(server, rate: "10")
        try await bench.expect(.open)
        _ = try redis(server, "ACL", "SETUSER", "default", "-evalsha", "-eval")
        try await bench.expect(.shut, "NOPERM")
        _ = try redis(server, "ACL", "SETUSER", "default", "+@all")
        try await bench.expect(.open)
        _ = try redis(server, "SET", "control:state", "x")
        try await bench.expect(.shut, "control:state on")
        _ = try redis(server, "DEL", "control:state")
        try await bench.expect(.open)
        server.kill()
        try await bench.expect(.shut, "refused")
        try await server.start()
        try await bench.expect(.shut, "there is no lease")
        try lease(server, rate: "10")
        try await bench.expect(.open)
        await bench.stop()
    }

    @Test(.timeLimit(.minutes(1)))
    func sharesOneBucketAmongProcesses() async throws {
        let server = try await RedisServer()
        try lease(server, rate: "10")
        let benches = try [Bench(.leasedRate(settings(server))), Bench(.leasedRate(settings(server)))]
        for bench in benches { try await bench.expect(.open) }
        let begun = ContinuousClock.now
        var started = 0
        while ContinuousClock.now - begun < .seconds(2) {
            for bench in benches { started += goes(await bench.admit("a", "a", "a")) }
            try await Task.sleep(for: .milliseconds(10))
        }
        let seconds = (ContinuousClock.now - begun) / .seconds(1)
        // The bucket holds one second of the rate at first.
        #expect(Double(started) <= 10 + 10 * seconds + 1, "\(started) in \(seconds) s")
        #expect(Double(started) >= 10 * seconds, "\(started) in \(seconds) s")
        for bench in benches { await bench.stop() }
    }

    /// At the rate before, the next would start after more than three minutes.
    @Test(.timeLimit(.minutes(1)))
    func startsAtANewRateHoweverLowTheOneBeforeWas() async throws {
        let server = try await RedisServer()
        try lease(server, rate: "0.005", seconds: 600)
        let bench = try Bench(.leasedRate(settings(server)))
        try await bench.expect(.open)
        let decisions = await bench.admit("a", "a", "a")
        #expect(goes(decisions) == 1)
        guard case .refuse(_, let after?) = decisions[2].verdict else {
            Issue.record("\(decisions[2])")
            return
        }
        #expect(after <= .milliseconds(50), "until the lease is looked at again: \(after)")
        try lease(server, rate: "100", seconds: 600)
        try await eventually("another has started") { goes(await bench.admit("a")) == 1 }
        try await eventually("it is read") { bench.state.rate == 100 }
        await bench.stop()
    }

    /// Between two looks at the lease, too: what was used up was so at the old rate.
    @Test(.timeLimit(.minutes(1)))
    func opensWithTheLookThatFindsAnotherRate() async throws {
        let server = try await RedisServer()
        try lease(server, rate: "0.005", seconds: 600)
        let bench = try Bench(.leasedRate(settings(server)), interval: .seconds(5))
        try await bench.expect(.open)
        #expect(goes(await bench.admit("a", "a")) == 1)
        #expect(bench.status?.reason.contains("used up for now") == true)
        try lease(server, rate: "100", seconds: 600)
        try await eventually("it is read") { bench.state.rate == 100 }
        #expect(!bench.state.isClosed)
        #expect(bench.status?.reason.contains("used up") == false)
        await bench.stop()
    }

    @Test(.timeLimit(.minutes(1)))
    func saysWhenTheNextMayStart() async throws {
        let server = try await RedisServer()
        try lease(server, rate: "2")
        let bench = try Bench(.waitOnRefuse(.leasedRate(settings(server))), interval: .seconds(1))
        try await bench.expect(.open)
        let decisions = await bench.admit("a", "a", "a")
        #expect(goes(decisions) == 2)
        guard case .wait(_, let after?) = decisions[2].verdict else {
            Issue.record("\(decisions[2])")
            return
        }
        #expect(after > .milliseconds(100) && after <= .milliseconds(500), "\(after)")
        #expect(bench.state.closedUntil != nil)
        try await eventually("a token has come") { goes(await bench.admit("a")) == 1 }
        await bench.stop()
    }
}
