import ArgumentParser
import Bench
import Foundation
import HTTP
import Processes
import Reports

/// Measures the pipeline, and what it is made of, end to end.
@main
struct BenchMain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measures the pipeline end to end, and the ceilings beside it.",
        subcommands: [RunCommand.self, ListCommand.self, CompareCommand.self, GatewayCommand.self],
        defaultSubcommand: RunCommand.self)
}

/// Prints a line at once, whoever reads it.
@Sendable
func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }

struct ListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "Name the cells.")

    func run() {
        for cell in Cells.all { print("\(cell.name)\t\(cell.summary)") }
    }
}

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run cells, all of them without names.")

    @Argument(help: "Cells, or the first words of their names.") var cells: [String] = []
    @Option(help: "How often each is run.") var runs = 5
    @Option(help: "Folder for the figures of all runs and the plots.") var results: String?
    @Option(help: "Document whose tables are written anew.") var report: String?
    @Option(help: "Document whose table of targets is written anew.") var summary: String?

    func run() async throws {
        let bin = try builtExecutable("ingest").deletingLastPathComponent()
        let session = Session(runs: runs, executable: { bin.appending(path: $0) }, say: say)
        let (results, failed) = await session.run(try Cells.named(cells))
        let measured = BenchReport.now(runs: runs, cells: results)
        say("\n\(measured.text)")
        if let folder = self.results { try save(measured, in: URL(filePath: folder)) }
        if !failed.isEmpty {
            say("Failed: \(failed.joined(separator: ", "))")
            throw ExitCode.failure
        }
        if let report { try MarkedSection("bench:figures").write(measured.text, to: report) }
        if let summary { try MarkedSection("bench:summary").write(measured.summary, to: summary) }
    }

    private func save(_ measured: BenchReport, in folder: URL) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let file = folder.appending(path: measured.fileName)
        try measured.json().write(to: file, options: .atomic)
        for (name, plot) in [("concurrency", measured.concurrencyPlot), ("latency", measured.latencyPlot)] {
            try plot?.svg.write(to: folder.appending(path: "\(name).svg"), atomically: true, encoding: .utf8)
        }
        say("\nAll runs: \(file.path)")
    }
}

struct CompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare", abstract: "Print two files of figures side by side.")

    @Argument(help: "Figures before.") var old: String
    @Argument(help: "Figures after.") var new: String

    func run() throws {
        say(
            Comparison.text(
                try BenchReport(contentsOf: URL(filePath: old)), try BenchReport(contentsOf: URL(filePath: new))))
    }
}

struct GatewayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gateway", abstract: "Be the small gateway that the benchmark measures against.")

    @Option(help: "Port of the loopback address.") var port: Int
    @Option(help: "Milliseconds before an answer.") var delay = 0
    @Option(help: "Bytes of an answer's body.") var answerSize = 600

    func run() throws {
        try raiseDescriptorLimit(needed: 4200)
        try SmallGateway(port: port, delay: Int64(delay) * 1_000_000, answerSize: answerSize).run()
    }
}
