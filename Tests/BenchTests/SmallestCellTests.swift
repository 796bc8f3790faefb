import Foundation
import Processes
import Testing

@testable import Bench

/// The benchmark itself works: a real run, too short to say anything about speed.
@Suite(.serialized, .timeLimit(.minutes(1)))
struct SmallestCellTests {
    private func run(_ cell: some Cell, known: [String: Double] = [:]) async throws -> [String: Double] {
        let folder = FileManager.default.temporaryDirectory.appending(path: "bench-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let surroundings = Surroundings(
            folder: folder, executable: { try builtExecutable($0) }, scale: 0.01, known: known)
        let figures = try await cell.run(surroundings)
        return Dictionary(uniqueKeysWithValues: figures.map { ($0.name, $0.value) })
    }

    @Test
    func measuresARush() async throws {
        let figures = try await run(InstantCell("instant", "", requests: 100_000))
        #expect(try #require(figures["rate"]) > 1)
        for stage in Pipeline.stages {
            #expect(try #require(figures["memory \(stage)"]) > 1)
            #expect(figures["cpu \(stage)"] != nil)
        }
    }

    @Test
    func followsEachRequestOnItsWay() async throws {
        let figures = try await run(LatencyCell("latency", .rate(200), duration: 20))
        let added = try #require(figures["added p50"])
        #expect(added > 0)
        #expect(try #require(figures["added p99"]) >= added)
        #expect(figures["rate"] == 200)
    }

    @Test(.enabled(if: GooglePubSubCell().obstacle == nil, "\(GooglePubSubCell().obstacle ?? "")"))
    func comparesWithABareClientOfPubSub() async throws {
        let figures = try await run(GooglePubSubCell())
        let (rate, bare) = (try #require(figures["rate"]), try #require(figures["bare client"]))
        #expect(rate > 1 && bare > 1)
        #expect(abs(try #require(figures["of bare client"]) - rate / bare * 100) < 0.1)
    }

    @Test
    func watchesStagesWhileItMeasuresThem() async throws {
        let figures = try await run(ObservedCell(requests: 20_000))
        let (rate, without) = (try #require(figures["rate"]), try #require(figures["rate without"]))
        #expect(rate > 1 && without > 1)
        #expect(abs(try #require(figures["of without"]) - rate / without * 100) < 0.1)
    }

    @Test
    func knowsItsCellsByTheirNames() throws {
        #expect(try Cells.named(["instant"]).map(\.name) == ["instant"])
        #expect(try Cells.named(["delay-"]).count == 4)
        #expect(try Cells.named(["latency-50"]).map(\.name) == ["instant", "latency-50"])
        #expect(Set(Cells.all.map(\.name)).count == Cells.all.count)
        #expect(throws: ProcessFailure.self) { try Cells.named(["no such"]) }
    }
}
