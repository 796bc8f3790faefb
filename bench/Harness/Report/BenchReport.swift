package import Foundation
package import Reports

/// Everything that one call of the benchmark measured, as it is kept in a file.
package struct BenchReport: Sendable, Codable {
    package let date: Date
    /// The source that was measured, as `git describe` names it.
    package let commit: String
    package let machine: Machine
    /// Of the programs and libraries beside ours, by Debian package.
    package let versions: [String: String]
    package let runs: Int
    package let cells: [CellResult]

    package init(
        date: Date, commit: String, machine: Machine, versions: [String: String], runs: Int, cells: [CellResult]
    ) {
        self.date = date
        self.commit = commit
        self.machine = machine
        self.versions = versions
        self.runs = runs
        self.cells = cells
    }

    package init(contentsOf file: URL) throws {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        self = try decoder.decode(BenchReport.self, from: try Data(contentsOf: file))
    }

    package func json() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .iso8601
        return try encoder.encode(self)
    }

    /// `2026-11-24-amd-epyc-2.json`: the day, the processor, the cores.
    package var fileName: String {
        let words = machine.processor.lowercased().split { !$0.isASCII || !($0.isLetter || $0.isNumber) }
        return ([date.formatted(.iso8601.year().month().day())] + words.map(String.init) + ["\(machine.cores).json"])
            .joined(separator: "-")
    }

    package func series(_ cell: String, _ figure: String) -> Series? { cells.first { $0.name == cell }?[figure] }
}

extension BenchReport {
    /// Describes this machine and this source around `cells`.
    package static func now(runs: Int, cells: [CellResult]) -> BenchReport {
        BenchReport(
            date: .now,
            commit: (try? output(of: try installedProgram("git"), ["describe", "--always", "--dirty"]))?
                .trimmingCharacters(in: .whitespacesAndNewlines) ?? "unknown",
            machine: .current, versions: installedVersions(), runs: runs, cells: cells)
    }

    private static func installedVersions() -> [String: String] {
        let packages = [
            "redis-server", "nginx", "wrk", "libcurl4", "libzmq5", "libhiredis0.14", "libsqlite3-0",
            "google-cloud-cli-pubsub-emulator",
        ]
        var versions: [String: String] = [:]
        for package in packages {
            let text = try? output(of: try installedProgram("dpkg-query"), ["-W", "-f=${Version}", package])
            if let text, !text.isEmpty { versions[package] = text }
        }
        return versions
    }
}
