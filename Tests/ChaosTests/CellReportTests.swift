import Testing

@testable import Chaos

struct CellReportTests {
    private func report(
        _ change: (inout RunRecord) -> Void = { _ in }, leftovers: [String] = [], limit: Duration? = .seconds(5)
    ) -> CellReport {
        var cell = Cell("some", "Something happens")
        cell.recoveryLimit = limit
        let attempts = (0..<200).map { number in
            Attempt(
                request: number, process: "dispatch1", began: .milliseconds(number * 100),
                ended: .milliseconds(number * 100 + 50), outcome: .answered)
        }
        let seen = Dictionary(uniqueKeysWithValues: (0..<200).map { ($0, Duration.milliseconds($0 * 100 + 60)) })
        var record = RunRecord(
            attempts: attempts, disturbances: [Disturbance(.killed, victims: ["emit1"], began: .seconds(8))],
            results: ResultBooks.Summary(requests: 200), seen: seen, begin: .zero)
        change(&record)
        return CellReport(cell, record, leftovers: leftovers)
    }

    @Test
    func passesWhenEveryPromiseHeld() {
        let report = report()
        #expect(report.failures == [])
        #expect(report.hasPassed)
        #expect(report.rateBefore == 10)
        #expect(report.slowestFirstResult == .milliseconds(160))
        #expect(report.slowestFullRate == .zero)
    }

    @Test
    func failsForEachPromiseThatDidNotHold() {
        #expect(report { $0.results.lost = [7] }.failures == ["1 lost"])
        #expect(report { $0.results.second = [7, 7] }.failures == ["2 second results"])
        #expect(report { $0.results.wrong = [7] }.failures == ["1 wrong results"])
        #expect(report { $0.results.strangers = ["x"] }.failures == ["1 results of no request"])
        #expect(report(leftovers: ["k"]).failures == ["left behind: k"])
    }

    @Test
    func failsForRepeatedAttempts() {
        let failures = report {
            $0.attempts.append(
                Attempt(request: 7, process: "dispatch1", began: .seconds(30), ended: .seconds(31), outcome: .answered))
        }.failures
        #expect(failures == ["1 attempts repeated without a reason", "1 attempts repeated, 0 allowed"])
    }

    @Test
    func failsWhenNewResultsComeTooLate() {
        let failures = report {
            for number in 80..<150 { $0.seen[number] = nil }
            $0.attempts.removeAll { (80..<150).contains($0.request) }
        }.failures
        #expect(failures.count == 1)
        #expect(failures.first?.hasPrefix("first new result 7.06") == true)
        #expect(report({ $0.attempts = [] }, limit: .zero).hasPassed)
    }

    @Test(arguments: [(35, true), (36, false)])
    func wantsWhatAKilledIngestHeldWithinALeaseAndFiveSeconds(seconds: Int, passes: Bool) {
        let report = report {
            $0.disturbances = [Disturbance(.killed, victims: ["ingest1"], began: .seconds(8))]
            $0.batches = [.init(end: 50, published: .seconds(5)), .init(end: 200, published: .seconds(9))]
            $0.seen[7] = .seconds(8 + seconds)
        }
        #expect(report.slowestTakeover == .seconds(seconds))
        #expect(report.hasPassed == passes)
    }

    @Test
    func namesWhatALookForTheCauseNeeds() {
        let details = report { $0.results.lost = [7, 8] }.details.joined(separator: "\n")
        #expect(details.contains("lost (2): c7 c8"))
        #expect(details.contains("killed [\"emit1\"]"))
    }
}
