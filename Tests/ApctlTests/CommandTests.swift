import ArgumentParser
import GatewaySimulator
import Testing

@testable import Apctl

struct CommandTests {
    @Test
    func readsTheFlagsOfTheSimulatedGateway() throws {
        let command = try GatewaySimCommand.parse([
            "--port", "0", "--latency", "uniform:50ms,200ms", "--max-concurrency", "4", "--overload", "shed",
            "--share-429", "0.1", "--share-cut", "0.05", "--retry-after", "2", "--seed", "7",
        ])
        let settings = command.settings
        #expect(command.port == 0)
        #expect(settings.latency == .uniform(.milliseconds(50), .milliseconds(200)))
        #expect(settings.maxConcurrency == 4)
        #expect(settings.overload == .shed)
        #expect(settings.faults == FaultShares(shed: 0.1, cutBeforeAnswer: 0.05))
        #expect(settings.retryAfter == "2")
        #expect(settings.seed == 7)
    }

    @Test(arguments: [
        ["gateway-sim", "--latency", "soon"], ["gateway-sim", "--share-429", "0.7", "--share-503", "0.7"],
        ["gateway-sim", "--share-cut", "-0.1"], ["gateway-sim", "--overload", "drop"],
        ["run", "a.jsonl", "--concurrency", "0"], ["run", "a.jsonl", "--gateway", "localhost"],
        ["run", "a.jsonl", "--deadline", "tomorrow"], ["run"], ["run", "a.jsonl", "--max-attempts", "-1"], ["health"],
        ["health", "ftp://x"],
        ["health", "http://x", "--port", "1"],
    ])
    func refusesWhatMakesNoSense(arguments: [String]) {
        #expect(throws: (any Error).self) { try Apctl.parseAsRoot(arguments) }
    }

    @Test(arguments: [
        (["--port", "9092"], "http://127.0.0.1:9092/readyz"),
        (["--port", "9092", "--live"], "http://127.0.0.1:9092/healthz"),
        (["http://emit:9094"], "http://emit:9094/readyz"), (["http://emit/"], "http://emit:80/readyz"),
        (["http://[::1]:30080/health"], "http://[::1]:30080/health"),
    ])
    func asksForReadinessUnlessToldOtherwise(arguments: [String], target: String) throws {
        #expect(try "\(HealthCommand.parse(arguments).target)" == target)
    }

    @Test
    func passesEverythingBehindTheExecutableOnToTheStage() throws {
        let command = try StageProcessCommand.parse(["17", "/tmp/x.log", "/bin/dispatch", "--listen", "ipc://x", "-h"])
        #expect(command.parent == 17)
        #expect(command.command == ["/bin/dispatch", "--listen", "ipc://x", "-h"])
    }
}
