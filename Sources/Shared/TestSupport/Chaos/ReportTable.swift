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
            lost(report), second(report),
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
            "\(report.results.requests) requests, lost \(lost(report)), second \(second(report)), "
            + "repeated \(report.repeats.repeats.count) of \(report.repeats.bound) allowed, "
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
            """ + legend(reports)
    }

    /// What the words about lost requests and second results mean, where there may be some.
    private static func legend(_ reports: [CellReport]) -> String {
        if reports.contains(where: { $0.lossCauses != nil }) {
            let lines = LossCheck.Cause.allCases.map { "* *\($0.rawValue)*: \($0.meaning)" }
            return "\n\nWhy a request may have no result here:\n\n" + lines.joined(separator: "\n")
        }
        if reports.allSatisfy({ $0.secondCauses == nil }) { return "" }
        let lines = SecondCheck.Cause.allCases.map { "* *\($0.rawValue)*: \($0.meaning)" }
        return "\n\nWhy a request may have a second result here; each says the same as the first:\n\n"
            + lines.joined(separator: "\n")
    }

    /// How many requests are lost that must not be; where some may, how many those are, and why.
    private static func lost(_ report: CellReport) -> String {
        let causes = LossCheck.Cause.allCases.compactMap { cause in
            report.lossCauses?[cause].map { "\($0) \(cause.rawValue)" }
        }
        return "\(report.inexcusable.count)" + (causes.isEmpty ? "" : " (+ \(causes.joined(separator: ", ")))")
    }

    /// How many second results there are, and why.
    private static func second(_ report: CellReport) -> String {
        let causes = SecondCheck.Cause.allCases.compactMap { cause in
            report.secondCauses?[cause].map { "\($0) \(cause.rawValue)" }
        }
        return "\(report.results.second.count)" + (causes.isEmpty ? "" : " (\(causes.joined(separator: ", ")))")
    }

    /// Seconds, to the precision at which results are seen.
    static func time(_ duration: Duration?) -> String {
        guard let duration else { return "–" }
        let hundredths = Int((duration.inSeconds * 100).rounded())
        return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100) s"
    }
}
