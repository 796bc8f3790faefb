import Forecasts
import Testing

struct CompletionRateTests {
    /// Looks every five seconds, with so many ends before each.
    private func look(
        _ rate: inout CompletionRate, from start: Double, looks: Int, ends: Int = 0, seconds: Double = 2, own: Int = 8,
        all: Int? = nil, parked: Int? = nil
    ) {
        for index in 0..<looks {
            for _ in 0..<ends { rate.ended(after: seconds, left: 3600, isFirst: true) }
            rate.look(at: start + Double(index) * 5, hasWork: own > 0, own: own, all: all, parked: parked)
        }
    }

    @Test
    func saysNothingBeforeTenSecondsOfWork() {
        var rate = CompletionRate()
        look(&rate, from: 0, looks: 2, ends: 10)
        #expect(rate.perSecond == nil)
        #expect(rate.secondsEach == nil)
        look(&rate, from: 10, looks: 1, ends: 10)
        #expect(rate.perSecond != nil)
    }

    @Test
    func measuresEndsPerSecondAndTheTimeOfEach() throws {
        var rate = CompletionRate()
        look(&rate, from: 0, looks: 60, ends: 10, seconds: 3)
        #expect(abs(try #require(rate.perSecond) - 2) < 0.1)
        #expect(abs(try #require(rate.secondsEach) - 3) < 0.01)
    }

    @Test
    func followsAChangeWithinMinutes() throws {
        var rate = CompletionRate()
        look(&rate, from: 0, looks: 60, ends: 10)
        look(&rate, from: 300, looks: 12, ends: 20)
        #expect(try #require(rate.perSecond) > 2.5)
        look(&rate, from: 360, looks: 48, ends: 20)
        #expect(abs(try #require(rate.perSecond) - 4) < 0.4)
    }

    @Test
    func remembersTheRateOverAnIdleNight() throws {
        var rate = CompletionRate()
        look(&rate, from: 0, looks: 60, ends: 10)
        let before = try #require(rate.perSecond)
        look(&rate, from: 300, looks: 5_000, own: 0)
        #expect(rate.perSecond == before)
    }

    /// The first answers take a while, which says nothing about the rate.
    @Test
    func doesNotCountTheTimeBeforeTheFirstAnswer() throws {
        var rate = CompletionRate()
        look(&rate, from: 0, looks: 8)
        #expect(rate.perSecond == nil)
        look(&rate, from: 40, looks: 12, ends: 10)
        #expect(abs(try #require(rate.perSecond) - 2) < 0.1)
    }

    @Test
    func saysThatNothingEndsWhenNothingHasForMinutes() throws {
        var rate = CompletionRate()
        look(&rate, from: 0, looks: 30)
        #expect(rate.perSecond == 0)
        #expect(rate.secondsEach == nil)
        look(&rate, from: 150, looks: 60, ends: 10)
        look(&rate, from: 450, looks: 12)
        #expect(try #require(rate.perSecond) < 1, "within a minute")
        look(&rate, from: 510, looks: 88)
        #expect(try #require(rate.perSecond) < 0.1)
    }

    /// A gateway that fails everything ends leases, and no request.
    @Test
    func doesNotCountWhatIsParked() throws {
        var rate = CompletionRate()
        for index in 0..<40 { look(&rate, from: Double(index) * 5, looks: 1, ends: 10, parked: 10 * index) }
        #expect(try #require(rate.perSecond) < 0.1)
        // They come back and are answered; an attempt that is not the first one counts no request.
        for index in 0..<40 {
            for _ in 0..<10 { rate.ended(after: 2, left: 3600, isFirst: false) }
            rate.look(at: 200 + Double(index) * 5, hasWork: true, own: 8, parked: 390 - 10 * index)
        }
        #expect(abs(try #require(rate.perSecond) - 2) < 0.4)
    }

    /// Two processes share a queue, and each sees its own part.
    @Test
    func addsThePartOfOthersByTheLeasesTheyHold() throws {
        var rate = CompletionRate()
        look(&rate, from: 0, looks: 60, ends: 10, own: 8, all: 24)
        #expect(abs(try #require(rate.perSecond) - 6) < 0.3)
        #expect(abs(try #require(rate.secondsEach) - 2) < 0.01)
    }

    /// The server's number and this process's are not of one moment.
    @Test
    func takesNobodyForAnotherBecauseOfAMomentsDifference() throws {
        var rate = CompletionRate()
        look(&rate, from: 0, looks: 60, ends: 10, own: 100, all: 103)
        #expect(abs(try #require(rate.perSecond) - 2) < 0.05)
    }

    /// They have used slots, and were not answered in time.
    @Test
    func doesNotCountWhatIsBrokenOffAtItsDeadline() throws {
        var rate = CompletionRate()
        look(&rate, from: 0, looks: 60, ends: 10, seconds: 8)
        for index in 0..<120 {
            for _ in 0..<10 { rate.ended(after: 8, left: -0.01, isFirst: true) }
            look(&rate, from: 300 + Double(index) * 5, looks: 1, ends: 1, seconds: 8)
        }
        #expect(try #require(rate.perSecond) < 0.5)
        #expect(try #require(rate.secondsEach) > 25)
    }

    /// A few requests an hour apart from each other would make a rate of a minute jump.
    @Test
    func measuresSlowQueuesForLonger() throws {
        var rate = CompletionRate()
        var rates: [Double] = []
        for index in 0..<720 {
            look(&rate, from: Double(index) * 5, looks: 1, ends: index.isMultiple(of: 12) ? 6 : 0, seconds: 60)
            if index > 360 { rates.append(try #require(rate.perSecond)) }
        }
        #expect(rates.allSatisfy { abs($0 - 0.1) < 0.01 })
    }

    @Test
    func leavesOutWhatDispatchHasGivenUp() throws {
        var rate = CompletionRate()
        look(&rate, from: 0, looks: 60, ends: 10, seconds: 8)
        for _ in 0..<1_000 { rate.ended(after: 0.05, left: 3, isFirst: true) }
        look(&rate, from: 300, looks: 1, ends: 10, seconds: 8)
        #expect(abs(try #require(rate.perSecond) - 2) < 0.1)
    }
}
