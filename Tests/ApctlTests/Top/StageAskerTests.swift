import ArgumentParser
import Foundation
import GatewaySimulator
import Settings
import Testing

@testable import Apctl

/// Who is asked, with real sockets.
struct StageAskerTests {
    private static func stage(
        _ name: StageName, _ answer: @escaping @Sendable (GatewayRequest) -> GatewayAnswer? = { _ in nil }
    ) async throws -> GatewaySimulator {
        try await GatewaySimulator.start(
            GatewaySettings(script: { request in
                if let other = answer(request) { return other }
                let body =
                    switch request.path {
                    case "/status": "{\"stage\":\"\(name)\"}"
                    case "/metrics": "async_processor_link_room{link=\"\(name)-x\"} 7\n"
                    default: "{\"status\":\"ready\"}"
                    }
                return .response(200, headers: [], body: Array(body.utf8))
            }))
    }

    /// On a thread of its own, as it blocks.
    private static func round(of asker: StageAsker) async -> Round {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { continuation.resume(returning: asker.ask()) }
        }
    }

    /// One is there, one has gone, one says nothing, and one is something else.
    @Test(.timeLimit(.minutes(1)))
    func asksAllAtOnceAndWaitsForNobodyTooLong() async throws {
        let stages = [
            try await Self.stage(.ingest), try await Self.stage(.dispatch),
            try await Self.stage(.dispatch) { _ in .silent },
            try await Self.stage(.emit),
        ]
        await stages[1].stop()
        let places = try [
            (StageName.ingest, stages[0]), (.dispatch, stages[1]), (.dispatch, stages[2]), (.retry, stages[3]),
        ].map { (stage: $0.0, address: try #require(HTTPAddress($0.1.url))) }
        let asker = StageAsker(places + places.prefix(1), timeout: .milliseconds(300))
        for _ in 0..<2 {
            let round = await Self.round(of: asker)
            #expect(round.readings.map(\.id.stage) == [.ingest, .dispatch, .dispatch, .retry], "nobody is asked twice")
            #expect(round.readings.map { $0.figures != nil } == [true, false, false, false])
            #expect(round.readings[0].figures?.sum(.linkRoom) == 7)
            #expect(round.readings[0].report.isReady)
            #expect(round.readings[1].report.readiness == .silent(error: "connect: Connection refused"))
            guard case .silent = round.readings[2].report.readiness else {
                Issue.record("\(round.readings[2].report.readiness)")
                continue
            }
            #expect(round.readings[3].report.readiness == .notReady(reason: "that is emit, not retry"))
        }
        for stage in stages { await stage.stop() }
    }

    @Test
    func readsItsFlags() throws {
        let command = try TopCommand.parse(["--interval", "500ms", "--count", "3", "--plain", "--emit", "e:1"])
        #expect(command.interval.seconds == 0.5 && command.count == 3 && command.plain)
        #expect(try command.stages.places.map { "\($0.stage) \($0.address.authority)" }.last == "emit e:1")
        for wrong in [["--interval", "1ms"], ["--count", "0"], ["--interval", "soon"], ["x"]] {
            #expect(throws: (any Error).self) { try TopCommand.parse(wrong) }
        }
    }

    @Test
    func takesAllStagesFromOneList() throws {
        let command = try TopCommand.parse([
            "--dispatch", "a:1", "--stages", "dispatch=b:2,emit=c:3", "--stages", "dispatch=9", "--ingest", "i:1",
        ])
        #expect(
            try command.stages.places.map { "\($0.stage) \($0.address.authority)" } == [
                "ingest i:1", "dispatch a:1", "dispatch b:2", "dispatch 127.0.0.1:9", "retry 127.0.0.1:9093",
                "emit c:3",
            ])
    }

    @Test(arguments: [
        ("emit", "expected STAGE=HOST:PORT"), ("emitt=a:1", "expected STAGE=HOST:PORT"),
        ("", "expected STAGE=HOST:PORT"),
        ("emit=a:1,", "expected STAGE=HOST:PORT"), ("emit=", "--stages emit=: expected HOST:PORT"),
        ("emit=a:x", "--stages emit=a:x: expected HOST:PORT"),
    ])
    func saysWhatIsWrongWithAList(list: String, reason: String) {
        let error = #expect(throws: (any Error).self) { try TopCommand.parse(["--stages", list]) }
        guard let error else { return }
        #expect(TopCommand.message(for: error).contains(reason))
        #expect(TopCommand.exitCode(for: error) == .validationFailure)
    }
}
