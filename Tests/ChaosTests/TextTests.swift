import Reports
import Testing

@testable import Chaos

struct TextTests {
    private let document = "before\n<!-- chaos:matrix begin -->\nold\n<!-- chaos:matrix end -->\nafter\n"

    @Test
    func writesASectionAnewAndNothingAroundIt() throws {
        let section = MarkedSection("chaos:matrix")
        let once = try section.replacing("new", in: document)
        #expect(once == "before\n<!-- chaos:matrix begin -->\n\nnew\n\n<!-- chaos:matrix end -->\nafter\n")
        #expect(try section.replacing("new", in: once) == once)
    }

    @Test(arguments: ["", "<!-- chaos:matrix begin -->", "<!-- chaos:matrix end --> <!-- chaos:matrix begin -->"])
    func refusesATextWithoutTheMarks(text: String) {
        #expect(throws: MarkedSection.Missing.self) { try MarkedSection("chaos:matrix").replacing("new", in: text) }
    }

    @Test
    func writesARowForEachCell() {
        var cell = Cell("kill", "SIGKILL")
        cell.recoveryLimit = nil
        let record = RunRecord(
            attempts: [], disturbances: [Disturbance(.killed, victims: ["emit1"], began: .seconds(1))],
            results: ResultBooks.Summary(requests: 20_000, lost: [1]), seen: [:], begin: .zero)
        let report = CellReport(cell, record, leftovers: [])
        #expect(ReportTable.row(report) == "| `kill` | SIGKILL | 20000 | 1 | 1 | 0 | 0 (0) | – | – | – |")
        let section = ReportTable.section([report], queue: "sqlite", seed: 9, machine: "Here.")
        #expect(
            section.contains("`sqlite`, 1 cells, 20000 requests, seed 9: did not hold what is promised: kill. Here."))
        #expect(ReportTable.line(report).contains("FAILED kill"))
    }

    @Test(arguments: [(1.0, "1.00 s"), (0.057, "0.06 s"), (12.345, "12.35 s")])
    func writesTimesInHundredths(seconds: Double, text: String) {
        #expect(ReportTable.time(.seconds(seconds)) == text)
    }
}
