import Testing

@testable import Chaos

struct ScheduleTests {
    private let faults = [
        PlannedFault(.kill(["dispatch1"]), count: 3),
        PlannedFault(.freeze(["emit1"], for: .seconds(10)), first: .seconds(6)),
    ]

    @Test
    func isTheSameForTheSameSeedAndAnotherForAnother() {
        #expect(Schedule(faults, seed: 7) == Schedule(faults, seed: 7))
        #expect(Schedule(faults, seed: 7) != Schedule(faults, seed: 8))
    }

    @Test(arguments: 0..<50)
    func keepsTheFirstMomentAndThePausesItWasGiven(seed: UInt64) {
        let entries = Schedule(faults, seed: seed).entries
        #expect(entries.map(\.at) == entries.map(\.at).sorted())
        let kills = entries.filter { $0.fault == faults[0].fault }.map(\.at)
        #expect(kills.count == 3)
        #expect(kills.first.map { (.seconds(4)..<(.seconds(5))).contains($0) } == true)
        for (before, after) in zip(kills, kills.dropFirst()) {
            #expect(after - before >= .seconds(4) && after - before < .seconds(8))
        }
    }

    @Test
    func givesEachCellNumbersOfItsOwn() {
        let names = Set(Matrix.cells.map { ChaosRandom.seed(1, of: $0.name) })
        #expect(names.count == Matrix.cells.count)
    }
}
