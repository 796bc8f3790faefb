import Testing

@testable import Loop

struct PacerTests {
    @Test
    func neverHoldsUpWhatComesSeldom() {
        var pacer = Pacer(spacing: .milliseconds(1), burst: 1)
        for step in 0..<100 { #expect(pacer.delay(at: .milliseconds(step)) == nil) }
    }

    @Test
    func letsABurstPassAfterAPauseAndThenSpacesTheRest() {
        var pacer = Pacer(spacing: .milliseconds(1), burst: 3)
        let start = Duration.seconds(7)
        for _ in 0..<3 { #expect(pacer.delay(at: start) == nil) }
        #expect(pacer.delay(at: start) == .milliseconds(1))
        #expect(pacer.delay(at: start + .microseconds(400)) == .microseconds(600))
        #expect(pacer.delay(at: start + .milliseconds(1)) == nil)
        #expect(pacer.delay(at: start + .milliseconds(1)) == .milliseconds(1))
    }

    @Test
    func keepsTheRateHoweverOftenItIsAsked() {
        var pacer = Pacer(spacing: .microseconds(500), burst: 4)
        let passed = (0..<100_000).count { pacer.delay(at: .microseconds($0)) == nil }
        #expect(passed == 203)
    }

    @Test
    func gainsNoMoreThanABurstByWaitingLong() {
        var pacer = Pacer(spacing: .milliseconds(1), burst: 2)
        #expect(pacer.delay(at: .seconds(100)) == nil)
        #expect(pacer.delay(at: .seconds(100)) == nil)
        #expect(pacer.delay(at: .seconds(100)) != nil)
    }
}
