import Foundation
import Reports
import Testing

@testable import Bench

struct ReportTests {
    private func report(_ cells: [(String, String, [Double])], commit: String = "abc") -> BenchReport {
        var results: [CellResult] = []
        for (cell, figure, values) in cells {
            if !results.contains(where: { $0.name == cell }) { results.append(CellResult(name: cell, summary: cell)) }
            guard let place = results.firstIndex(where: { $0.name == cell }) else { continue }
            for value in values { results[place].add([Figure(figure, value, "requests/s")]) }
        }
        return BenchReport(
            date: Date(timeIntervalSince1970: 1_795_000_000), commit: commit, machine: .current, versions: ["wrk": "4"],
            runs: 2, cells: results)
    }

    @Test(arguments: [
        (0.0, "0"), (0.1234, "0.12"), (17.26, "17.3"), (431.4, "431"), (21_437, "21,440"), (1_234_567, "1,234,570"),
    ])
    func writesNumbersWithTheDigitsThatCount(value: Double, text: String) {
        #expect(Numbers.text(value) == text)
    }

    @Test
    func comesBackFromItsFile() throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).json")
        defer { try? FileManager.default.removeItem(at: file) }
        let written = report([("instant", "rate", [1, 2])])
        try written.json().write(to: file)
        let read = try BenchReport(contentsOf: file)
        #expect(read.cells == written.cells)
        #expect(read.date == written.date)
        #expect(read.machine == written.machine)
    }

    @Test
    func saysWhichTargetsAreMet() {
        let text = report([
            ("instant", "rate", [20_000, 25_000]), ("instant-everysec", "rate", [10_000, 11_000]),
        ]).text
        let lines = text.split(separator: "\n")
        #expect(
            lines.contains { $0.contains("append-only off") && $0.contains("22,500") && $0.hasSuffix("|    yes |") })
        #expect(lines.contains { $0.contains("everysec") && $0.contains("10,500") && $0.hasSuffix("| **no** |") })
        #expect(!text.contains("Idle"))
    }

    @Test
    func comparesTwoCellsForATarget() throws {
        let target = try #require(Target.all.first { $0.unit == "×" })
        let both = report([("delay-64", "rate", [600, 640, 680]), ("dispatch-2", "rate", [1280, 1216, 1280])])
        let series = try #require(target.measured(both))
        #expect(series.median == 2)
        #expect(target.isMet(by: series))
        #expect(target.measured(report([("dispatch-2", "rate", [1280])])) == nil)
    }

    @Test
    func marksChangesThatAreMoreThanNoise() {
        let old = report([("a", "rate", [90, 110]), ("b", "rate", [90, 110])], commit: "old")
        let new = report([("a", "rate", [100, 120]), ("b", "rate", [150, 170])], commit: "new")
        let lines = Comparison.text(old, new).split(separator: "\n")
        #expect(lines.count == 4)
        #expect(lines[2].contains("+10.0 %") && !lines[2].contains("*"))
        #expect(lines[3].contains("+60.0 %") && lines[3].contains("*"))
    }

    @Test
    func alignsColumns() {
        var table = TextTable(["a", "number"])
        table.add(["name", "1"])
        #expect(table.text == "| a    | number |\n|------|-------:|\n| name |      1 |")
    }
}

struct PlotTests {
    @Test
    func placesValuesByTheirLogarithm() {
        #expect(Plot.place(1, 1...100, 0, 10) == 0)
        #expect(Plot.place(10, 1...100, 0, 10) == 5)
        #expect(Plot.place(100, 1...100, 0, 10) == 10)
        #expect(Plot.decades(Plot.range([0.4, 30], isTight: false)) == [0.1, 1, 10, 100])
    }

    @Test
    func hasALineAndAKeyForEachSeries() {
        let plot = Plot(
            "A < B & C", x: "x", y: "y", xTicks: [1, 10],
            lines: [.init("one", [(1, 1), (10, 10)]), .init("two", [(1, 2), (0, 3)], isDashed: true)])
        #expect(plot.svg.contains("A &lt; B &amp; C"))
        #expect(plot.svg.split(separator: "<polyline").count == 1 + 2 * 2)
        #expect(plot.svg.hasPrefix("<svg ") && plot.svg.hasSuffix("</svg>\n"))
    }
}
