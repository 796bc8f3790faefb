package import Foundation
import Processes

/// Runs cells one after the other, each several times.
package struct Session: Sendable {
    private let runs: Int
    private let executable: @Sendable (String) throws -> URL
    private let say: @Sendable (String) -> Void

    package init(
        runs: Int, executable: @escaping @Sendable (String) throws -> URL, say: @escaping @Sendable (String) -> Void
    ) {
        self.runs = runs
        self.executable = executable
        self.say = say
    }

    /// - Returns: results of the cells that could be run, and names of those that could not.
    package func run(_ cells: [any Cell]) async -> (results: [CellResult], failed: [String]) {
        var results: [CellResult] = []
        var failed: [String] = []
        var known: [String: Double] = [:]
        for (place, cell) in cells.enumerated() {
            if let obstacle = cell.obstacle {
                say("[\(place + 1)/\(cells.count)] \(cell.name) left out: \(obstacle)")
                continue
            }
            let begin = Monotonic.now
            let result = await runs(of: cell, known)
            let seconds = Numbers.text(Double(Monotonic.now - begin) / 1e9)
            say("[\(place + 1)/\(cells.count)] \(cell.name): \(cell.summary) (\(seconds) s)")
            guard let result else {
                failed.append(cell.name)
                continue
            }
            for series in result.series {
                known["\(cell.name)/\(series.name)"] = series.median
                say("    \(series.name): \(Numbers.text(series))")
            }
            results.append(result)
        }
        return (results, failed)
    }

    /// All runs of a cell, each once more if it fails; `nil` if one fails twice.
    private func runs(of cell: any Cell, _ known: [String: Double]) async -> CellResult? {
        var result = CellResult(name: cell.name, summary: cell.summary)
        var failures = 0
        while result.runs < runs {
            do {
                result.add(try await run(cell, known))
                failures = 0
            } catch {
                failures += 1
                say("    \(cell.name) failed: \(error)")
                if failures > 1 { return nil }
            }
        }
        return result
    }

    /// Keeps its folder, with the logs of all processes, if it fails.
    private func run(_ cell: any Cell, _ known: [String: Double]) async throws -> [Figure] {
        let folder = FileManager.default.temporaryDirectory.appending(path: "bench-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        do {
            let figures = try await cell.run(Surroundings(folder: folder, executable: executable, known: known))
            try FileManager.default.removeItem(at: folder)
            return figures
        } catch {
            throw ProcessFailure("\(error)\nlogs: \(folder.path)")
        }
    }
}
