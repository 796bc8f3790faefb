import Foundation
import LinkSimulator
import Testing

/// The protocol under random faults.
///
/// A schedule that fails is replayed by its number: `AP_LINK_SCHEDULES=17+1 swift test --filter SimulatorTests`;
/// `0+1000000` runs a million.
///
/// One after the other, and giving way after each schedule: other tests measure time meanwhile.
@Suite(.serialized)
struct SimulatorTests {
    /// Which schedules to run, in parts, so that a failure tells roughly where.
    static let parts: [Range<UInt64>] = {
        let words = (ProcessInfo.processInfo.environment["AP_LINK_SCHEDULES"] ?? "0+10000").split(separator: "+")
        let first = UInt64(words.first ?? "") ?? 0
        let count = UInt64(words.last ?? "") ?? 10_000
        let size = max(1, count / 8)
        let starts = stride(from: first, to: first + count, by: UInt64.Stride(size))
        return starts.map { $0..<min($0 + size, first + count) }
    }()

    @Test(arguments: parts)
    func keepsItsPromisesWhateverFails(schedules: Range<UInt64>) async {
        var moved = 0
        for number in schedules {
            // One schedule alone tells what happens in it.
            var simulation = Simulation(number: number, trace: schedules.count == 1 ? { print($0) } : nil)
            let outcome = simulation.run()
            #expect(outcome.violations.isEmpty, "schedule \(number): \(outcome.violations)")
            moved += outcome.moved
            await Task.yield()
        }
        if schedules.count >= 1000 { #expect(moved > 0, "the schedules are too tame") }
    }

    @Test(arguments: Defect.allCases)
    func findsTheMistake(defect: Defect) async {
        for number in UInt64(0)..<4000 {
            var simulation = Simulation(number: number, defect: defect)
            if !simulation.run().violations.isEmpty { return }
            await Task.yield()
        }
        Issue.record("\(defect) was not found")
    }

    @Test
    func doesTheSameForTheSameNumber() {
        for number in UInt64(0)..<20 {
            var first = Simulation(number: number)
            var second = Simulation(number: number)
            #expect(first.run() == second.run())
        }
    }
}
