/// Two reports side by side.
package enum Comparison {
    /// Figures of cells that both have, with the change of the median; marked where the ranges of the runs do not touch.
    package static func text(_ old: BenchReport, _ new: BenchReport) -> String {
        var table = TextTable(["cell", "figure", "\(old.commit)", "\(new.commit)", "change", ""], leading: 2)
        for cell in new.cells {
            for series in cell.series {
                guard let before = old.series(cell.name, series.name) else { continue }
                table.add([
                    cell.name, "\(series.name), \(series.unit)", Numbers.text(before.median),
                    Numbers.text(series.median),
                    change(before.median, series.median), areApart(before, series) ? "*" : "",
                ])
            }
        }
        return table.text
    }

    static func change(_ old: Double, _ new: Double) -> String {
        guard old != 0 else { return "–" }
        let percent = (new / old - 1) * 100
        return (percent >= 0 ? "+" : "−") + Numbers.text(abs(percent)) + " %"
    }

    static func areApart(_ old: Series, _ new: Series) -> Bool { new.lowest > old.highest || new.highest < old.lowest }
}
