import Gateways
import Testing

struct BreakerTests {
    private static let limit = 8

    private func opened(at now: Duration = .zero) -> Breaker {
        var breaker = Breaker(maxTrials: Self.limit)
        for _ in 0..<Breaker.tolerance { fail(&breaker, at: now) }
        return breaker
    }

    /// One attempt that fails; with a random number in the middle pauses are what they are.
    private func fail(_ breaker: inout Breaker, at now: Duration, random: Double = 0.5) {
        let trial = breaker.started(at: now)
        breaker.failed(trial: trial, at: now, random: random)
    }

    @Test
    func letsFewStartUntilOneHasSucceeded() {
        var breaker = Breaker(maxTrials: Self.limit)
        for _ in 0..<Self.limit {
            #expect(breaker.mayStart(at: .zero))
            let isTrial = breaker.started(at: .zero)
            #expect(isTrial)
        }
        #expect(!breaker.mayStart(at: .zero))
        breaker.succeeded(trial: true)
        for _ in 0..<1000 {
            #expect(breaker.mayStart(at: .zero))
            let isTrial = breaker.started(at: .zero)
            #expect(!isTrial)
        }
    }

    @Test
    func opensAfterThreeFailuresInARow() {
        var breaker = Breaker(maxTrials: Self.limit)
        for _ in 0..<10 {
            fail(&breaker, at: .zero)
            fail(&breaker, at: .zero)
            breaker.succeeded(trial: breaker.started(at: .zero))
        }
        #expect(!breaker.isOpen)
        fail(&breaker, at: .zero)
        fail(&breaker, at: .zero)
        #expect(!breaker.isOpen && breaker.mayStart(at: .zero))
        fail(&breaker, at: .zero)
        #expect(breaker.isOpen && !breaker.mayStart(at: .zero))
    }

    @Test
    func probesOneAtATimeAfterPausesThatDoubleUpToThreeSeconds() {
        var breaker = opened()
        var now = Duration.zero
        var pauses: [Duration] = []
        for _ in 0..<6 {
            let next = breaker.nextProbe ?? .zero
            pauses.append(next - now)
            #expect(!breaker.mayStart(at: next - .milliseconds(1)))
            #expect(breaker.mayStart(at: next))
            now = next
            let trial = breaker.started(at: now)
            #expect(!breaker.mayStart(at: now + .seconds(100)), "a second probe beside the first")
            breaker.failed(trial: trial, at: now, random: 0.5)
        }
        #expect(pauses == [.milliseconds(250), .milliseconds(500), .seconds(1), .seconds(2), .seconds(3), .seconds(3)])
    }

    @Test
    func spreadsPausesByAFifth() {
        var (early, late) = (opened(), opened())
        fail(&early, at: .seconds(1), random: 0)
        fail(&late, at: .seconds(1), random: 1)
        let pauses = [early, late].map { (($0.nextProbe ?? .zero) - .seconds(1)) / .milliseconds(1) }
        #expect(zip(pauses, [400.0, 600]).allSatisfy { abs($0 - $1) < 0.001 })
    }

    @Test
    func closesWithTheFirstSuccessAndStartsAnewWithTheShortestPause() {
        var breaker = opened()
        for second in 1..<5 { fail(&breaker, at: .seconds(10 * second)) }
        breaker.succeeded(trial: breaker.started(at: .seconds(100)))
        #expect(!breaker.isOpen && breaker.mayStart(at: .seconds(100)))
        for _ in 0..<Breaker.tolerance { fail(&breaker, at: .seconds(200)) }
        #expect(breaker.nextProbe == .seconds(200) + Breaker.firstPause)
    }

    @Test
    func anAttemptThatSaysNothingMakesRoomForTheNextProbe() {
        var breaker = opened()
        let trial = breaker.started(at: .seconds(1))
        breaker.abandoned(trial: trial, at: .seconds(2))
        #expect(breaker.isOpen && breaker.mayStart(at: .seconds(2)))
    }

    /// Those that were under way when it opened end later, and are no probes.
    @Test
    func failuresOfEarlierAttemptsDoNotPutOffTheProbe() {
        var breaker = Breaker(maxTrials: Self.limit)
        let trials = (0..<Self.limit).map { _ in breaker.started(at: .zero) }
        for trial in trials { breaker.failed(trial: trial, at: .zero, random: 0.5) }
        #expect(breaker.nextProbe == Breaker.firstPause)
        #expect(breaker.mayStart(at: Breaker.firstPause))
    }

    @Test
    func mayBeAskedToProbeAtOnce() {
        var breaker = opened()
        breaker.probeNow(at: .milliseconds(10))
        #expect(breaker.mayStart(at: .milliseconds(10)))
    }

    @Test
    func anHourWithoutAGatewayCostsLessThanAHundredAttemptsAMinute() {
        var breaker = Breaker(maxTrials: Self.limit)
        var (now, attempts) = (Duration.zero, 0)
        while now < .seconds(60) {
            if breaker.mayStart(at: now) {
                fail(&breaker, at: now, random: 0)
                attempts += 1
            }
            now += .milliseconds(1)
        }
        #expect((15..<40).contains(attempts))
    }
}
