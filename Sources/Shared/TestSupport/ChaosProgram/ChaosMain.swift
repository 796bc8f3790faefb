import ArgumentParser
import Chaos
import Foundation
import Oddities
import Processes
import Queue
import Reports
import Settings

/// Runs the fault matrix and the soak against the executables beside it.
@main
struct ChaosMain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chaos", abstract: "Breaks the pipeline on purpose and looks whether it keeps its promises.",
        subcommands: [MatrixCommand.self, OdditiesCommand.self, SoakCommand.self, ListCommand.self],
        defaultSubcommand: MatrixCommand.self)
}

/// Prints a line at once, whoever reads it.
@Sendable
func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }

/// Finds executables beside this one, where it stands now: a build may put another in its place while it runs.
func besideThis() throws -> @Sendable (String) throws -> URL {
    let folder = try builtExecutable("ingest").deletingLastPathComponent()
    return { folder.appending(path: $0) }
}

struct ListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "Name the cells of the matrix.")

    @Option(help: "Kind of the queue.") var queue = QueueKind.redisSortedSet

    func run() {
        let cells = queue.cells.filter(queue.fits)
        for cell in cells { print("\(cell.name)\t\(cell.summary)") }
        print("\(cells.count) cells")
    }
}

struct MatrixCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "matrix", abstract: "Run cells of the matrix, all of them without names.")

    @Argument(help: "Cells, or the first words of their names.") var cells: [String] = []
    @Option(help: "Decides when faults happen and which attempts fail.") var seed = UInt64.random(in: 1...999_999)
    @Option(help: "Kind of the queue.") var queue = QueueKind.redisSortedSet
    @Option(help: "Requests per cell, instead of what each cell has.") var requests: Int?
    @Option(help: "Document whose table is written anew, when all cells have run.") var report: String?
    @Option(help: "Where folders of failed cells stay.") var folder = "/tmp/chaos"
    @Flag(help: "Keep the folders of cells that passed, too.") var keep = false

    func run() async throws {
        let named = try Matrix.cells(named: cells, among: queue.cells)
        for cell in named { if let reason = queue.objection(to: cell) { say("Left out: \(cell.name), \(reason)") } }
        let wanted = named.filter(queue.fits).map { cell in
            var cell = cell
            if let requests { cell.requests = requests }
            return cell
        }
        say("Seed \(seed), \(wanted.count) cells on \(queue.rawValue)")
        let run = MatrixRun(
            seed: seed, queue: queue, folder: URL(filePath: folder).appending(path: "\(seed)"), keepsAll: keep,
            executables: try besideThis(), say: say)
        let (reports, broken) = try await run.run(wanted)
        if let report {
            let section = ReportTable.section(
                reports, queue: queue.rawValue, seed: seed, machine: Machine.description)
            try MarkedSection("chaos:matrix").write(section, to: report)
        }
        let failed = reports.filter { !$0.hasPassed }.map(\.cell.name) + broken
        say(failed.isEmpty ? "All \(reports.count) cells passed" : "Failed: \(failed.joined(separator: ", "))")
        if !failed.isEmpty { throw ExitCode.failure }
    }
}

struct OdditiesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "oddities", abstract: "Throw odd things into a running pipeline, and see whom they cost anything.")

    @Argument(help: "Kinds: message, answer, frame … (all)") var kinds: [String] = []
    @Option(help: "Where folders of pipelines stay in which something went wrong.") var folder = "/tmp/chaos"

    func run() async throws {
        let oddities = Oddity.all.filter { kinds.isEmpty || kinds.contains($0.kind.rawValue) }
        let own = URL(filePath: folder).appending(path: "oddities-\(ProcessInfo.processInfo.processIdentifier)")
        let failures = await Oddity.run(oddities, folder: own, executables: try besideThis(), say: say)
        say(failures.isEmpty ? "All \(oddities.count) oddities cost nobody else anything" : "Failed:")
        for failure in failures { say(failure) }
        if !failures.isEmpty { throw ExitCode.failure }
    }
}

struct SoakCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "soak", abstract: "Run at half of the highest rate for long, with a fault every half minute.")

    @Option(help: "How long.") var minutes = 60
    @Option(help: "Decides which fault comes when.") var seed = UInt64.random(in: 1...999_999)
    @Option(help: "Kind of the queue.") var queue = QueueKind.redisSortedSet
    @Option(help: "Document whose figures are written anew at the end.") var report: String?
    @Option(help: "Where logs go.") var folder = "/tmp/chaos"

    func run() async throws {
        let own = URL(filePath: folder).appending(path: "soak-\(seed)")
        let run = try await SoakRun(
            minutes: minutes, seed: seed, folder: own, queue: queue, executables: try besideThis(), say: say)
        let result = try await run.run()
        let section = result.section(minutes: minutes, seed: seed, machine: Machine.description)
        say(section)
        if let report { try MarkedSection("chaos:soak").write(section, to: report) }
        guard !result.failures.isEmpty else { return }
        say("Failed: \(result.failures.joined(separator: "; "))\nlogs: \(own.path)")
        throw ExitCode.failure
    }
}
