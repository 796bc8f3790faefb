import Foundation
import Queue
import Testing

@testable import Settings

/// The files that `make install` puts beside the executables.
struct UnitTests {
    private func packaging(_ name: String) throws -> String {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../packaging")
        return try String(contentsOf: folder.appending(path: name), encoding: .utf8)
    }

    @Test
    func theUnitsGiveAStageTimeToDrain() throws {
        let unit = try packaging("systemd/async-processor.service.in")
        let limit = try #require(unit.firstMatch(of: /\nTimeoutStopSec=(\d+)s\n/).flatMap { Int($0.1) })
        #expect(try DispatchSettings.parse(arguments: []).stage.drainTimeout < .seconds(limit))
    }

    @Test
    func theUnitsDoNotStartAgainWhatRefusesItsSettings() throws {
        let unit = try packaging("systemd/async-processor.service.in")
        let end = try #require(exit(EmitSettings.self, ["--log-level", "loud"]))
        #expect(unit.contains("\nRestartPreventExitStatus=\(end.code)\n"))
    }

    /// With every line of it in force.
    @Test
    func theStagesUnderstandTheExampleOfTheirVariables() throws {
        let lines = try packaging("pipeline.env").matches(of: /(?m)^#(AP_[A-Z_]+)=(.*)$/)
        #expect(lines.count > 8)
        let environment = Dictionary(uniqueKeysWithValues: lines.map { (String($0.1), String($0.2)) })
        let ingest = try IngestSettings.parse(arguments: [], environment: environment)
        #expect(ingest.stage.warnings.isEmpty)
        #expect(ingest.server.kind == .redisSortedSet)
        #expect(try DispatchSettings.parse(arguments: [], environment: environment).concurrency == 8)
        #expect(try RetrySettings.parse(arguments: [], environment: environment).stage.warnings.isEmpty)
        #expect(try EmitSettings.parse(arguments: [], environment: environment).stage.warnings.isEmpty)
    }
}
