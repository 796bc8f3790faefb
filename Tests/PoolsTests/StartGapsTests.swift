import Testing

@testable import Pools

struct StartGapsTests {
    /// Starts every `gap` seconds, all of them taken, and how things are then.
    private func taken(every gap: Double, count: Int = 20) -> (gaps: StartGaps, now: Double) {
        var gaps = StartGaps()
        for number in 0..<count { gaps.started(at: Double(number) * gap) }
        return (gaps, Double(count - 1) * gap)
    }

    @Test
    func whatFollowsSoonerThanAnythingThatWasTakenCameTooSoon() {
        var (gaps, last) = taken(every: 0.02)
        let sent = last + 0.015
        gaps.started(at: sent)
        let cameTooSoon = gaps.refused(sent: sent, at: sent + 0.001, pace: 50)
        #expect(cameTooSoon)
    }

    @Test
    func whatFollowsLaterDidNot() {
        var (gaps, last) = taken(every: 0.02)
        let sent = last + 0.03
        gaps.started(at: sent)
        let cameTooSoon = gaps.refused(sent: sent, at: sent + 0.001, pace: 50)
        #expect(!cameTooSoon)
    }

    @Test
    func aRefusedOneIsNotWhatTheNextFollows() {
        var (gaps, last) = taken(every: 0.02)
        for sent in [last + 0.015, last + 0.037] { gaps.started(at: sent) }
        let first = gaps.refused(sent: last + 0.015, at: last + 0.0375, pace: 50)
        #expect(first)
        let second = gaps.refused(sent: last + 0.037, at: last + 0.038, pace: 50)
        #expect(!second, "37 ms after one that was taken")
    }

    @Test
    func oneShortGapThatSeemedTakenProvesNothing() {
        var (gaps, last) = taken(every: 0.02)
        for sent in [last + 0.001, last + 0.3, last + 0.315] { gaps.started(at: sent) }
        let cameTooSoon = gaps.refused(sent: last + 0.315, at: last + 0.316, pace: 50)
        #expect(cameTooSoon, "its refusal may have been long on its way")
    }

    @Test
    func whereShortGapsAreTakenItIsNotTheRate() {
        var gaps = StartGaps()
        for number in 0..<20 {
            gaps.started(at: Double(number) * 0.04)
            gaps.started(at: Double(number) * 0.04 + 0.004)
        }
        gaps.started(at: 0.77)
        let cameTooSoon = gaps.refused(sent: 0.77, at: 0.771, pace: 50)
        #expect(!cameTooSoon, "6 ms, where 4 of 20 are the shortest")
    }

    @Test
    func nothingIsSaidBeforeAnythingIsKnown() {
        var gaps = StartGaps()
        for sent in [0, 0.02, 0.021] { gaps.started(at: sent) }
        let cameTooSoon = gaps.refused(sent: 0.021, at: 0.022, pace: 50)
        #expect(!cameTooSoon)
    }

    @Test
    func gapsAreForgottenAfterAWhile() {
        var (gaps, last) = taken(every: 0.02)
        for number in 1...10 { gaps.started(at: last + 20 + Double(number) * 0.5) }
        let sent = last + 25.1
        gaps.started(at: sent)
        let cameTooSoon = gaps.refused(sent: sent, at: sent + 0.001, pace: 2)
        #expect(cameTooSoon, "100 ms after the last, where all others had 500")
    }

    @Test
    func refusalsAtAMuchLowerPaceAreNotOfTheRateForAWhile() {
        var (gaps, last) = taken(every: 0.02)
        let answers = [50, 42, 38, 38, 38, 42, 38, 38, 38, 38].map {
            gaps.isOfRate(isSoon: true, carriesMore: true, at: last, pace: $0)
        }
        #expect(answers == Array(repeating: true, count: 9) + [false], "one slow second proves nothing")
        for (offset, isOfRate) in [(1.0, false), (31.0, true)] {
            for number in 0..<20 { gaps.started(at: last + offset + Double(number) * 0.02) }
            let sent = last + offset + 0.39
            gaps.started(at: sent)
            let cameTooSoon = gaps.refused(sent: sent, at: sent + 0.001, pace: 50)
            #expect(cameTooSoon == isOfRate)
        }
    }

    @Test
    func afterAClearRefusalTheNextAreOfTheRateTooUntilFourInARowContradict() {
        var gaps = StartGaps()
        func isOfRate(isSoon: Bool, carriesMore: Bool, at now: Double) -> Bool {
            gaps.isOfRate(isSoon: isSoon, carriesMore: carriesMore, at: now, pace: 50)
        }
        let before = isOfRate(isSoon: true, carriesMore: false, at: 1)
        #expect(!before, "it may be the places")
        let clear = isOfRate(isSoon: true, carriesMore: true, at: 1)
        #expect(clear)
        let next = [false, true, false, false, false].map { isOfRate(isSoon: $0, carriesMore: false, at: 5) }
        #expect(next == [true, true, true, true, true])
        let known = gaps.isKnown(at: 5)
        let fourth = isOfRate(isSoon: false, carriesMore: false, at: 5)
        #expect(known && !fourth && !gaps.isKnown(at: 5))
    }

    @Test
    func thatItIsTheRateIsForgottenAfterAWhile() {
        var gaps = StartGaps()
        let clear = gaps.isOfRate(isSoon: true, carriesMore: true, at: 1, pace: 50)
        #expect(clear && gaps.isKnown(at: 10) && !gaps.isKnown(at: 12))
    }

    @Test
    func theFastestIsTheRateOfTheShortestPause() {
        var gaps = StartGaps()
        for sent in [0, 0.02, 0.05, 0.07, 0.5] { gaps.started(at: sent) }
        #expect(abs(gaps.fastest - 50) < 0.001)
    }

    @Test
    func thousandsOfStartsTakeNoMemory() {
        var gaps = StartGaps()
        for number in 0..<10_000 { gaps.started(at: Double(number) * 0.0001) }
        gaps.started(at: 1.00001)
        let cameTooSoon = gaps.refused(sent: 1.00001, at: 1.001, pace: 10_000)
        #expect(!cameTooSoon)
        #expect(!gaps.hasTaken(since: 1))
    }
}
