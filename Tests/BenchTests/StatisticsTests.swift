import Testing

@testable import Bench

struct StatisticsTests {
    @Test(arguments: [([3, 1, 2], 2), ([4, 1, 3, 2], 2.5), ([7], 7), ([], 0)] as [([Double], Double)])
    func takesTheMiddleOfTheRuns(values: [Double], median: Double) {
        #expect(Series(name: "rate", unit: "/s", values: values).median == median)
    }

    @Test
    func gathersRunsByFigure() {
        var result = CellResult(name: "instant", summary: "")
        result.add([Figure("rate", 10, "/s"), Figure("cpu", 1, "µs")])
        result.add([Figure("rate", 30, "/s"), Figure("cpu", 2, "µs")])
        #expect(result["rate"]?.values == [10, 30])
        #expect(result["rate"]?.lowest == 10)
        #expect(result["rate"]?.highest == 30)
        #expect(result["cpu"]?.median == 1.5)
        #expect(result["nothing"] == nil)
    }

    @Test(arguments: [(50.0, 5.0), (90, 9), (99, 10), (100, 10), (0, 1), (10, 1), (11, 2)])
    func findsTheValueThatAShareOfAllDoesNotExceed(percent: Double, value: Double) {
        #expect(Percentiles((1...10).reversed().map(Double.init)).value(percent) == value)
    }

    @Test
    func hasNoPercentileOfNothing() {
        #expect(Percentiles([]).value(99) == 0)
    }

    @Test
    func leavesOutTheGatewaysOwnTime() {
        let journey = Journey(put: 1_000_000, arrived: 1_500_000, answered: 101_500_000, seen: 103_500_000)
        #expect(journey.isWhole)
        #expect((journey.there, journey.back, journey.added) == (0.5, 2, 2.5))
        #expect(!Journey(put: 2, arrived: 1, answered: 3, seen: 4).isWhole)
        #expect(!Journey(put: 0, arrived: 1, answered: 3, seen: 4).isWhole)
    }
}

struct MachineUseTests {
    @Test
    func countsAllButIdleTimeAndGuests() {
        #expect(MachineUse.busyTicks("cpu  1 2 4 1000 1000 8 16 32 64 128\ncpu0 1 2 3 4 5 6 7 8 9 10") == 63)
        #expect(MachineUse.busyTicks("intr 1 2") == nil)
        #expect(MachineUse.busyTicks("cpu 1 2 3") == nil)
    }

    @Test
    func seesThisProcessAmongThem() throws {
        let begin = (machine: try MachineUse.busyNanoseconds(), own: Monotonic.ownCPU)
        var sum: UInt64 = 1
        while Monotonic.ownCPU - begin.own < 200_000_000 { sum = sum &* 6_364_136_223_846_793_005 &+ 1 }
        #expect(sum != 0)
        #expect(try MachineUse.busyNanoseconds() - begin.machine > 150_000_000)
    }
}

struct ResultCurveTests {
    private func curve(_ points: [(Int64, Int)]) -> ResultCurve {
        ResultCurve(points.map { .init(time: $0.0 * 1_000_000, count: $0.1) })
    }

    @Test
    func countsFromTheFirstResultThatWasSeen() {
        #expect(curve([(0, 0), (500, 0), (600, 10), (1100, 60), (1200, 60)]).rate == 100)
    }

    @Test(arguments: [[], [(0, 0), (1, 0)], [(0, 0), (1, 5)]] as [[(Int64, Int)]])
    func hasNoRateWithoutTwoMoments(points: [(Int64, Int)]) {
        #expect(curve(points).rate == nil)
    }

    /// Eight places and 100 ms make bursts of eight; the rate is 80/s wherever the stretch begins within a burst.
    @Test(arguments: [0, 1, 3, 7, 8])
    func findsTheRateOfBurstsWhateverTheyBeginWith(warmUp: Int) {
        var points: [(Int64, Int)] = [(0, 0)]
        for turn in 0..<20 {
            let start = Int64(100 + turn * 100)
            points += [(start, turn * 8 + 3), (start + 4, turn * 8 + 8)]
        }
        let rate = curve(points).rate(turnsOf: 8, warmUp: warmUp, tail: 16)
        #expect(rate == 80)
    }

    @Test
    func refusesLessThanATurn() {
        #expect(curve([(0, 1), (100, 9), (200, 16)]).rate(turnsOf: 8, warmUp: 8, tail: 8) == nil)
    }
}
