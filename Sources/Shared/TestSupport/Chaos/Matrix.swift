/// The fault matrix: each victim with each fault that makes sense, under each load.
package enum Matrix {
    package static var cells: [Cell] { stages + together + server + network + loads + scaling }

    /// - Parameter cells: from which they are taken.
    /// - Throws: what is unknown.
    package static func cells(named names: [String], among cells: [Cell] = cells) throws(UnknownCell) -> [Cell] {
        if names.isEmpty { return cells }
        var found: [Cell] = []
        for name in names {
            let exact = cells.filter { $0.name == name }
            let matching = exact.isEmpty ? cells.filter { $0.name.hasPrefix(name + "-") } : exact
            if matching.isEmpty { throw UnknownCell(name: name) }
            found += matching
        }
        return found
    }

    package struct UnknownCell: Error, CustomStringConvertible {
        let name: String
        package var description: String { "no cell \(name)" }
    }

    /// From the death of a dispatch, retry or emit to new results, at most.
    static let quick = Duration.seconds(5)

    static func cell(_ name: String, _ summary: String, _ change: (inout Cell) -> Void) -> Cell {
        var cell = Cell(name, summary)
        change(&cell)
        return cell
    }

    // MARK: One process

    static var stages: [Cell] {
        StageKind.allCases.flatMap { kind in
            [
                cell("kill-\(kind)", "SIGKILL, started again at once; three times") {
                    $0.faults = [PlannedFault(.kill([kind.name(1)]), count: 3)]
                    $0.recoveryLimit = limit(kind, lease: 10)
                    prepare(&$0, kind)
                },
                cell("kill-\(kind)-peer", "one of two: SIGKILL, started again at once; three times") {
                    $0.layout.counts[kind] = 2
                    $0.faults = [PlannedFault(.kill([kind.name(1)]), count: 3)]
                    $0.recoveryLimit = limit(kind, lease: 10)
                    prepare(&$0, kind)
                },
                cell("freeze-\(kind)", "one of two: SIGSTOP for 10 s, then SIGCONT") {
                    $0.layout.counts[kind] = 2
                    $0.faults = [PlannedFault(.freeze([kind.name(1)], for: .seconds(10)))]
                    $0.recoveryLimit = quick
                    prepare(&$0, kind)
                },
                cell("term-\(kind)", "SIGTERM, started again when it has ended; three times") {
                    $0.faults = [PlannedFault(.terminate([kind.name(1)]), count: 3)]
                    prepare(&$0, kind)
                },
            ]
        }
    }

    private static func limit(_ kind: StageKind, lease: Int) -> Duration {
        kind == .ingest ? .seconds(lease) + quick : quick
    }

    /// Retry works only when attempts fail; leases are short where it takes one to take over.
    private static func prepare(_ cell: inout Cell, _ kind: StageKind) {
        if kind == .retry { cell.gateway.refused = 0.2 }
        if kind == .ingest { cell.layout.leaseSeconds = 10 }
    }

    // MARK: Several processes

    static var together: [Cell] {
        let all = StageKind.allCases.map { $0.name(1) }
        return [
            cell("kill-dispatch-all", "SIGKILL to all four dispatch, started again at once; twice") {
                $0.layout = Layout(dispatch: 4)
                $0.layout.concurrency = 32
                $0.faults = [PlannedFault(.kill(StageKind.dispatch.names(4)), count: 2)]
                $0.recoveryLimit = quick
            },
            cell("kill-emit-all", "SIGKILL to both emit, started again at once; twice") {
                $0.layout = Layout(emit: 2)
                $0.faults = [PlannedFault(.kill(StageKind.emit.names(2)), count: 2)]
                $0.recoveryLimit = quick
            },
            cell("kill-ingest-all", "SIGKILL to all three ingest, started again at once; lease 30 s") {
                $0.layout = Layout(ingest: 3)
                $0.faults = [PlannedFault(.kill(StageKind.ingest.names(3)))]
                $0.recoveryLimit = .seconds(35)
            },
            cell("kill-ingest-gone", "one of two: SIGKILL and not started again; lease 30 s") {
                $0.layout = Layout(ingest: 2)
                $0.faults = [PlannedFault(.kill([StageKind.ingest.name(1)], restart: .never))]
                $0.recoveryLimit = .seconds(35)
            },
            cell("kill-everything", "SIGKILL to all four stages, started again at once; 20 % of attempts fail") {
                $0.gateway.refused = 0.2
                $0.layout.leaseSeconds = 10
                $0.faults = [PlannedFault(.kill(all), count: 2)]
                $0.recoveryLimit = .seconds(15)
            },
            cell("term-everything", "SIGTERM to all four stages, started again when each has ended; 20 % fail") {
                $0.gateway.refused = 0.2
                $0.faults = [PlannedFault(.terminate(all), count: 2)]
            },
            cell("freeze-everything", "SIGSTOP to all four stages for 10 s, then SIGCONT") {
                $0.faults = [PlannedFault(.freeze(all, for: .seconds(10)))]
            },
            cell("freeze-ingest-past-lease", "one of two: SIGSTOP for 10 s with leases of 4 s, then SIGCONT") {
                $0.layout = Layout(ingest: 2)
                $0.layout.leaseSeconds = 4
                $0.faults = [PlannedFault(.freeze([StageKind.ingest.name(1)], for: .seconds(10)))]
            },
        ]
    }
}
