import Foundation
import Oddities
import Processes
import Testing

/// Odd things thrown into a running pipeline; each may cost what it belongs to, and nothing else.
///
/// A row is a line in one of the tables of `Oddities`; `make chaos` runs them too.
@Suite(.serialized)
struct OddityTests {
    @Test(.timeLimit(.minutes(10)), arguments: Oddity.Kind.allCases)
    func costsNobodyElseAnything(kind: Oddity.Kind) async {
        let folder = URL(filePath: "/tmp/ap-odd-\(UInt32.random(in: 0 ... .max))")
        let oddities = Oddity.all.filter { $0.kind == kind }
        for failure in await Oddity.run(oddities, folder: folder, executables: builtExecutable) {
            Issue.record("\(failure)")
        }
    }

    @Test
    func throwsAHundredThingsAndMore() { #expect(Oddity.all.count >= 100) }
}
