import Testing

@testable import Chaos

struct SoakTests {
    private func minutes(_ count: Int, _ value: (Int) -> Double) -> [(time: Duration, value: Double)] {
        (0..<count).map { (.seconds(60 * $0), value($0)) }
    }

    @Test
    func callsFlatWhatDoesNotRise() {
        #expect(Flatness(minutes(60) { _ in 30 }, allowance: 0).isFlat)
        #expect(Flatness(minutes(60) { 30 + Double($0 % 2) }, allowance: 0).isFlat)
        #expect(Flatness(minutes(60) { 30 - Double($0) / 10 }, allowance: 0).isFlat)
    }

    @Test
    func callsNotFlatWhatRisesByMoreThanAHundredthInTenMinutes() {
        let flatness = Flatness(minutes(61) { 30 + Double($0) * 0.05 }, allowance: 0)
        #expect(!flatness.isFlat)
        #expect(abs(flatness.rise - 0.5) < 1e-9)
        #expect(Flatness(minutes(61) { 30 + Double($0) * 0.05 }, allowance: 0.6).isFlat)
        #expect(Flatness(minutes(61) { 30 + Double($0) * 0.02 }, allowance: 0).isFlat)
    }

    @Test
    func callsFlatWhatGoesUpAndDownByChance() {
        var random = ChaosRandom(seed: 1)
        let noise = minutes(61) { _ in 90 + 20 * random.uniform() }
        #expect(Flatness(noise, allowance: 0).isFlat)
        // A descriptor lost with every other fault.
        let leak = noise.map { (time: $0.time, value: $0.value + $0.time.inSeconds / 60) }
        #expect(!Flatness(leak, allowance: 0.5).isFlat)
    }

    @Test
    func leavesTheFirstTenMinutesOut() {
        #expect(Flatness(minutes(60) { $0 < 10 ? Double($0) : 30 }, allowance: 0).isFlat)
        #expect(!Flatness(minutes(60) { $0 < 20 ? Double($0) : 30 }, allowance: 0).isFlat)
    }

    @Test
    func doesEverythingOnceBeforeAnythingTwice() {
        let schedule = Soak.schedule(minutes: 60, seed: 3)
        #expect(schedule.count == 120)
        let round = schedule.prefix(Soak.faults.count)
        #expect(Soak.faults.allSatisfy { round.contains($0) })
        #expect(schedule == Soak.schedule(minutes: 60, seed: 3))
        #expect(schedule != Soak.schedule(minutes: 60, seed: 4))
    }

    @Test
    func sparesTheFirstProcessOfEachKindSoThatItsMemoryCanBeWatched() {
        for case .kill(let names, _) in Soak.faults { #expect(names.allSatisfy { $0.hasSuffix("2") }) }
        for case .terminate(let names) in Soak.faults { #expect(names.allSatisfy { $0.hasSuffix("2") }) }
    }

    private func report(rise: Int = 0, keys: Int = 3) -> SoakReport {
        let samples = (0...60).map { minute in
            Sample(
                time: .seconds(60 * minute), results: minute * 1000,
                processes: [
                    "emit1": .init(identifier: 1, memory: (30 << 20) + minute * rise, descriptors: 20),
                    "emit2": .init(identifier: Int32(minute), memory: minute << 19, descriptors: 20),
                ], queue: ["keys": keys])
        }
        return SoakReport(
            samples: samples, results: ResultBooks.Summary(requests: 60_000), highestRate: 2000, rate: 1000,
            disturbances: [Disturbance(.killed, victims: ["emit2"], began: .zero)], leftovers: [])
    }

    @Test
    func judgesOnlyProcessesThatLastedFromBeginningToEnd() {
        #expect(report().lasting == ["emit1"])
        #expect(report().failures == [])
        #expect(report(rise: 100 << 10).failures.first?.hasPrefix("not flat: memory of emit1") == true)
    }

    @Test
    func wantsLittleMemoryAtAnyTime() {
        var report = report()
        report.samples[30].processes["emit2"]?.memory = 70 << 20
        #expect(report.failures == ["emit2 had 70 MiB after 1800 s"])
    }

    @Test
    func writesDownWhatWasMeasured() {
        let section = report().section(minutes: 60, seed: 5, machine: "Here.")
        #expect(section.contains("60 minutes at 1000 requests/s, half of the 2000/s"))
        #expect(section.contains("| memory of emit1 | 30.00 MiB | 30.00 MiB | 0.00 MiB | flat |"))
        #expect(section.contains("| 60 | 60000 | 30.00 | 3 | 0.00 |"))
        #expect(section.contains("1 × killed"))
    }

    @Test
    func readsWhatAProcessUses() {
        let usage = Sample.Usage(of: 1)
        #expect((usage?.memory ?? 0) > 0)
        #expect(Sample.Usage(of: -1) == nil)
    }
}
