import Reports

/// Reports as people read them: lines on a terminal, a table in Markdown.
package enum ReportTable {
    package static let head = """
        | cell | what happens | requests | faults | lost | second | repeated (allowed) | first new result | full rate | taken over |
        |---|---|--:|--:|--:|--:|--:|--:|--:|--:|
        """

    package static func row(_ report: CellReport) -> String {
        let cells = [
            "`\(report.cell.name)`", report.cell.summary, "\(report.results.requests)", "\(report.disturbances.count)",
            "\(report.results.lost.count)", "\(report.results.second.count)",
            "\(report.repeats.repeats.count) (\(report.repeats.bound))", time(report.slowestFirstResult),
            time(report.slowestFullRate), time(report.slowestTakeover),
        ]
        return "| " + cells.joined(separator: " | ") + " |"
    }

    /// One line for a terminal.
    package static func line(_ report: CellReport) -> String {
        let name = report.cell.name.padded(to: 26)
        let verdict = report.hasPassed ? "ok    " : "FAILED"
        let numbers =
            "\(report.results.requests) requests, lost \(report.results.lost.count), second "
            + "\(report.results.second.count), repeated \(report.repeats.repeats.count) of \(report.repeats.bound) allowed, "
            + "first new result \(time(report.slowestFirstResult)), full rate \(time(report.slowestFullRate)), "
            + "taken over \(time(report.slowestTakeover))"
        let rest =
            " (rate \(Int(report.rateBefore))/s, \(report.disturbances.count) of \(report.planned) faults, "
            + "\(Int(report.duration.inSeconds)) s)"
        let failures = report.failures.map { "\n    \($0)" }.joined()
        return "\(verdict) \(name) \(numbers)\(rest)\(failures)"
    }

    /// The whole table with what is needed to run it again.
    package static func section(_ reports: [CellReport], queue: String, seed: UInt64, machine: String) -> String {
        let failed = reports.filter { !$0.hasPassed }.map(\.cell.name)
        let requests = reports.reduce(0) { $0 + $1.results.requests }
        let verdict =
            failed.isEmpty
            ? "all held what is promised" : "did not hold what is promised: " + failed.joined(separator: ", ")
        return """
            `\(queue)`, \(reports.count) cells, \(requests) requests, seed \(seed): \(verdict). \(machine)

            \(head)
            \(reports.map(row).joined(separator: "\n"))
            """
    }

    /// Seconds, to the precision at which results are seen.
    static func time(_ duration: Duration?) -> String {
        guard let duration else { return "–" }
        let hundredths = Int((duration.inSeconds * 100).rounded())
        return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100) s"
    }
}
