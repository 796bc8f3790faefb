import ArgumentParser
import GatewaySimulator
import Settings
import Testing

@testable import Apctl

struct StatusCommandTests {
    @Test
    func asksTheFourStagesOfThisMachineUnlessToldOtherwise() throws {
        #expect(
            try targets([]) == [
                "ingest http://127.0.0.1:9091/", "dispatch http://127.0.0.1:9092/", "retry http://127.0.0.1:9093/",
                "emit http://127.0.0.1:9094/",
            ])
        #expect(
            try targets(["--dispatch", "a:1", "--dispatch", "http://b:2/", "--retry", "19093", "--emit", "[::1]:3"])
                == [
                    "ingest http://127.0.0.1:9091/", "dispatch http://a:1/", "dispatch http://b:2/",
                    "retry http://127.0.0.1:19093/", "emit http://[::1]:3/",
                ])
    }

    private func targets(_ arguments: [String]) throws -> [String] {
        try StatusCommand.parse(arguments).stages.places.map { "\($0.stage) \($0.address)" }
    }

    @Test(arguments: ["https://a:1", "a:1/status", "http://", "a:x", "", "0", "tcp://a:1"])
    func refusesWhatIsNoAddress(text: String) {
        let error = #expect(throws: (any Error).self) { try StatusCommand.parse(["--retry", text]) }
        guard let error else { return }
        #expect(StatusCommand.message(for: error).hasPrefix("--retry \(text): expected HOST:PORT"))
        #expect(StatusCommand.exitCode(for: error) == .validationFailure)
    }

    @Test(.timeLimit(.minutes(1)))
    func succeedsOnlyWhenEveryStageIsReady() async throws {
        var stages: [GatewaySimulator] = []
        var arguments = ["--json", "--timeout", "5s"]
        for name in StageName.allCases {
            let stage = try await GatewaySimulator.start(GatewaySettings { Self.answer($0, name) })
            arguments += ["--\(name.rawValue)", stage.url]
            stages.append(stage)
        }
        let command = try StatusCommand.parse(arguments)
        try command.run()
        let swapped = try StatusCommand.parse(arguments + ["--dispatch", stages[0].url])
        #expect(throws: ExitCode.failure) { try swapped.run() }
        await stages[2].stop()
        #expect(throws: ExitCode.failure) { try command.run() }
        for stage in stages { await stage.stop() }
    }

    @Test(.timeLimit(.minutes(1)))
    func saysWhatWouldHelpWhenNobodyAnswers() async throws {
        let gone = try await GatewaySimulator.start()
        await gone.stop()
        let address = try #require(HTTPAddress(gone.url))
        let report = StageReport.ask(.retry, at: address, timeout: .seconds(5))
        #expect(
            report.text == """
                retry at \(gone.url): no answer: connect: Connection refused
                    Is it started? If its --metrics-host or --metrics-port is another, say so: --retry HOST:PORT.

                """)
    }

    private static func answer(_ request: GatewayRequest, _ stage: StageName) -> GatewayAnswer {
        let body =
            request.path == "/status"
            ? #"{"stage":"\#(stage.rawValue)","version":"0.1.0"}"# : #"{"status":"ready"}"#
        return .response(200, headers: [], body: Array(body.utf8))
    }
}
