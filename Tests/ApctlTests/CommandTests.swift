import ArgumentParser
import GatewaySimulator
import Settings
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
        (["--overload", "shed"], "give --max-concurrency too"), (["--max-concurrency=-1"], "--max-concurrency is 0"),
        (["--retry-after", "soon"], "--retry-after is seconds"), (["--retry-after", ""], "--retry-after is seconds"),
        (["--share-429", "nan"], "Each --share-… is from 0 to 1"), (["--model", ""], "--model needs a name"),
        (["--model", "a", "--model", "a"], "--model names a model twice"), (["--host", "a:80"], "--host 'a:80' is no"),
        (["--host", "http://a"], "--host 'http://a' is no"), (["--host", ""], "--host '' is no"),
        (["--replicas", "2"], "give --token-time too"), (["--report", "x"], "give --token-time too"),
        (["--token-time", "0"], "--token-time is more"), (["--token-time", "fast"], "--token-time <token-time>"),
        (["--token-time", "1ms", "--replicas", "0"], "--replicas is from"),
        (["--token-time", "1ms", "--max-running", "0"], "--max-running is 1"),
        (["--token-time", "1ms", "--shed-at", "1"], "need --sheddable"),
        (["--token-time", "1ms", "--sheddable", "b", "--shed-at", "0"], "--shed-at is more"),
        (["--token-time", "1ms", "--online", "5"], "--online '5' is not"),
        (["--token-time", "1ms", "--online-tokens", "5"], "--online-tokens is two"),
        (["--token-time", "1ms", "--output-tokens", "60"], "--output-tokens is a median"),
        (["--token-time", "1ms", "--report-span", "5,5"], "--report-span is two"),
        (["--token-time", "1ms", "--report-every", "1ms"], "--report-every is 10ms"),
        (["--max-waiting", "3"], "with --max-concurrency"),
        (["--port", "65536"], "--port <port>"), (["--slow-body", "0s"], "--slow-body <slow-body>"),
    ])
    func saysWhichFlagOfTheSimulatedGatewayMakesNoSense(arguments: [String], reason: String) {
        let error = #expect(throws: (any Error).self) { try Apctl.parseAsRoot(["gateway-sim"] + arguments) }
        guard let error else { return }
        #expect(Apctl.message(for: error).contains(reason))
        #expect(Apctl.exitCode(for: error).rawValue == 64)
    }

    @Test
    func readsHowFastTheSimulatedModelServersAre() throws {
        let none = try GatewaySimCommand.parse([]).settings
        #expect(none.capacity == nil && none.maxWaiting == nil)
        let command = try GatewaySimCommand.parse([
            "--token-time", "4ms", "--token-time-per-request", "100us", "--replicas", "2", "--max-running", "64",
            "--scheduling", "priority", "--shed-at", "0.5", "--sheddable", "batch", "--sheddable", "bulk", "--hold",
            "--hold-time", "30s", "--request-metrics", "--online", "steps:5,60,15s,25s", "--online-tokens", "100,30",
            "--report", "r.jsonl", "--report-span", "10,100", "--report-every", "250ms", "--seed", "7",
            "--max-concurrency", "8", "--max-waiting", "16",
        ])
        let capacity = try #require(command.settings.capacity)
        #expect(command.settings.maxWaiting == 16)
        #expect(capacity.tokenTime == 0.004 && capacity.tokenTimePerRequest == 0.0001)
        #expect(capacity.replicas == 2 && capacity.maxRunning == 64 && capacity.scheduling == .priority)
        #expect(capacity.shedAt == 0.5 && capacity.sheddable == ["batch", "bulk"] && capacity.hold == 30)
        #expect(capacity.addsRequestMetrics && capacity.reportEvery == 0.25 && capacity.reportSpan == 10..<100)
        let online = try #require(capacity.online)
        #expect(online.shape == .steps(quiet: 5, burst: 60, length: 15, gap: 25))
        #expect(online.promptTokens.median == 100 && online.outputTokens.median == 30 && online.seed == 7)
    }

    @Test(arguments: ["2", "Sun, 06 Nov 1994 08:49:37 GMT"])
    func acceptsWhatRetryAfterMayBe(value: String) throws {
        #expect(try GatewaySimCommand.parse(["--retry-after", value, "--host", "::1"]).settings.retryAfter == value)
    }

    @Test
    func servesEveryModelUnlessItIsToldWhich() throws {
        let any = try GatewaySimCommand.parse([]).settings
        #expect(any.models == ["food-review-1"] && any.servesOtherModels)
        let some = try GatewaySimCommand.parse(["--model", "a", "--model", "b"]).settings
        #expect(some.models == ["a", "b"] && !some.servesOtherModels)
    }

    @Test(arguments: [
        (["helth"], "apctl has no command 'helth'. Did you mean 'health'?"),
        (["gateway_sim", "--port", "0"], "apctl has no command 'gateway_sim'. Did you mean 'gateway-sim'?"),
        (["frobnicate"], "apctl has no command 'frobnicate'."),
        (["dead-letters", "lits"], "apctl dead-letters has no command 'lits'. Did you mean 'list'?"),
    ])
    func suggestsTheCommandThatMayBeMeant(arguments: [String], message: String) throws {
        let problem = try #require(CommandNames.problem(arguments, in: Apctl.self))
        #expect(problem.split(separator: "\n").first == "Error: \(message)")
        #expect(!problem.contains("stage-process"))
    }

    @Test(arguments: [
        [], ["--help"], ["help", "run"], ["run", "helth"], ["dead-letters"], ["dead-letters", "show", "lits"],
        ["stage-process", "1", "x", "y"], ["tap", "x"],
    ])
    func leavesTheNamesOfCommandsAlone(arguments: [String]) {
        #expect(CommandNames.problem(arguments, in: Apctl.self) == nil)
    }

    @Test
    func suggestsTheFlagThatMayBeMeant() {
        let error = #expect(throws: (any Error).self) { try Apctl.parseAsRoot(["gateway-sim", "--latancy", "1s"]) }
        guard let error else { return }
        #expect(Apctl.message(for: error) == "Unknown option '--latancy'. Did you mean '--latency'?")
    }

    @Test
    func saysItsVersion() {
        let error = #expect(throws: (any Error).self) { try Apctl.parseAsRoot(["--version"]) }
        guard let error else { return }
        #expect(Apctl.message(for: error) == "apctl \(pipelineVersion)")
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
