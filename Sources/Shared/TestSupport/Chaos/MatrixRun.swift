package import Foundation
package import Queue

/// Runs cells one after the other.
package struct MatrixRun: Sendable {
    private let seed: UInt64
    private let queue: QueueKind
    /// Folders of cells that fail stay here.
    private let folder: URL
    /// Whether those of others stay, too.
    private let keepsAll: Bool
    private let executables: @Sendable (String) throws -> URL
    private let say: @Sendable (String) -> Void

    package init(
        seed: UInt64, queue: QueueKind, folder: URL, keepsAll: Bool = false,
        executables: @escaping @Sendable (String) throws -> URL, say: @escaping @Sendable (String) -> Void
    ) {
        self.seed = seed
        self.queue = queue
        self.folder = folder
        self.keepsAll = keepsAll
        self.executables = executables
        self.say = say
    }

    /// Runs each cell, whatever came of those before.
    ///
    /// - Returns: a report for each cell that ran to its end, and the names of the others.
    package func run(_ cells: [Cell]) async throws -> (reports: [CellReport], broken: [String]) {
        var reports: [CellReport] = []
        var broken: [String] = []
        for cell in cells {
            do {
                let report = try await run(cell)
                say(ReportTable.line(report))
                reports.append(report)
            } catch {
                say("BROKEN \(cell.name): \(error)\n    logs: \(folder(of: cell).path)")
                broken.append(cell.name)
            }
        }
        return (reports, broken)
    }

    /// Runs one cell; its folder stays when it fails.
    package func run(_ cell: Cell) async throws -> CellReport {
        let own = folder(of: cell)
        try? FileManager.default.removeItem(at: own)
        try FileManager.default.createDirectory(at: own, withIntermediateDirectories: true)
        let run = try await CellRun(
            cell, seed: ChaosRandom.seed(seed, of: cell.name), folder: own, executables: executables,
            makeQueue: queue.make)
        var report = try await run.run()
        if report.hasPassed, !keepsAll {
            // A database that is closed meanwhile removes files of its own.
            for _ in 0..<3 where FileManager.default.fileExists(atPath: own.path) {
                try? FileManager.default.removeItem(at: own)
            }
        } else if !report.hasPassed {
            report.failures.append("logs: \(own.path)")
        }
        return report
    }

    private func folder(of cell: Cell) -> URL { folder.appending(path: cell.name) }
}

/// The matrix runs on every kind.
extension QueueKind {
    @Sendable
    func make(_ cell: Cell, in folder: URL) async throws -> any QueueUnderTest {
        switch self {
        case .redisSortedSet: try await RedisSortedSetQueue(isAlwaysSynced: cell.isAlwaysSynced)
        case .redisPubSub: try await RedisPubSubQueue(isAlwaysSynced: cell.isAlwaysSynced)
        case .sqlite: try SQLiteQueue(folder: folder)
        case .googlePubSub: try await GooglePubSubQueue(ackDeadline: cell.layout.leaseSeconds)
        }
    }

    /// The cells of the matrix as they are on this queue, those that make no sense here included.
    package var cells: [Cell] { self == .googlePubSub ? Matrix.cells.map(\.onPubSub) : Matrix.cells }

    /// Why a cell makes no sense here; `nil` if it does.
    package func objection(to cell: Cell) -> String? {
        guard self == .sqlite else { return nil }
        let needsServer =
            cell.layout.hasServerProxies
            || cell.faults.contains {
                switch $0.fault {
                case .serverAway, .freezeServer: true
                default: false
                }
            }
        return needsServer ? "there is no server to which anything could happen" : nil
    }

    package func fits(_ cell: Cell) -> Bool { objection(to: cell) == nil }
}
