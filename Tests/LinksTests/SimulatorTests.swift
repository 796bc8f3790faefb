import Foundation
import LinkSimulator
import Testing

/// The protocol under random faults.
///
/// A schedule that fails is replayed by its number: `AP_LINK_SCHEDULES=17+1 swift test --filter SimulatorTests`;
/// `0+1000000` runs a million.
struct SimulatorTests {
    /// Which schedules to run, in parts that run side by side.
    static let parts: [Range<UInt64>] = {
        let words = (ProcessInfo.processInfo.environment["AP_LINK_SCHEDULES"] ?? "0+10000").split(separator: "+")
        let first = UInt64(words.first ?? "") ?? 0
        let count = UInt64(words.last ?? "") ?? 10_000
        let size = max(1, count / 8)
        let starts = stride(from: first, to: first + count, by: UInt64.Stride(size))
        return starts.map { $0..<min($0 + size, first + count) }
    }()

    @Test(arguments: parts)
    func keepsItsPromisesWhateverFails(schedules: Range<UInt64>) {
        var moved = 0
        for number in schedules {
            // One schedule alone tells what happens in it.
            var simulation = Simulation(number: number, trace: schedules.count == 1 ? { print($0) } : nil)
            let outcome = simulation.run()
            #expect(outcome.violations.isEmpty, "schedule \(number): \(outcome.violations)")
            moved += outcome.moved
        }
        if schedules.count >= 1000 { #expect(moved > 0, "the schedules are too tame") }
    }

    @Test(arguments: Defect.allCases)
    func findsTheMistake(defect: Defect) {
        let found = (0..<UInt64(4000)).contains { number in
            var simulation = Simulation(number: number, defect: defect)
            return !simulation.run().violations.isEmpty
        }
        #expect(found, "\(defect) was not found")
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
