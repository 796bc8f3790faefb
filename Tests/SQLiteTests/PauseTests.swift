import Testing

@testable import SQLiteSource

struct PauseTests {
    @Test(arguments: [(true, 500), (false, 50)])
    func asksLessAndLessOftenWhileNobodyWrites(isTold: Bool, longest: Int) {
        var pause = Pause(isTold: isTold)
        let lengths = (0..<30).map { _ in silence(&pause) }
        #expect(lengths.prefix(3) == [.microseconds(250), .microseconds(375), .nanoseconds(562_500)])
        for (length, next) in zip(lengths, lengths.dropFirst()) {
            #expect(next == min(length * 3 / 2, .milliseconds(longest)))
        }
        #expect(lengths.last == .milliseconds(longest))
    }

    @Test
    func asksAtOnceAndOftenAgainAfterAWrite() {
        var pause = Pause(isTold: true)
        for _ in 0..<30 { _ = silence(&pause) }
        let early = pause.pass(.milliseconds(80), isWritten: false)
        let told = pause.pass(.milliseconds(1), isWritten: true)
        #expect(!early && told)
        #expect(pause.sleep == .microseconds(250))
    }

    @Test
    func neverSleepsLongerThanACancelledTaskMayTake() {
        var pause = Pause(isTold: true)
        for _ in 0..<1000 {
            #expect(pause.sleep <= .milliseconds(80))
            _ = pause.pass(pause.sleep, isWritten: false)
        }
    }

    @Test
    func countsWhatIsLeftWhenASleepWasShort() {
        var pause = Pause(isTold: true)
        let early = pause.pass(.microseconds(100), isWritten: false)
        #expect(pause.sleep == .microseconds(150))
        let due = pause.pass(.microseconds(150), isWritten: false)
        #expect(!early && due)
    }

    /// Sleeps until it is time to ask; returns how long that was.
    private func silence(_ pause: inout Pause) -> Duration {
        var time = Duration.zero
        while true {
            let sleep = pause.sleep
            time += sleep
            if pause.pass(sleep, isWritten: false) { return time }
        }
    }
}
