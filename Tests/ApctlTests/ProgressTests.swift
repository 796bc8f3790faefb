import Synchronization
import Testing

@testable import Apctl

struct ProgressTests {
    @Test
    func saysHowFarHowFastAndHowLong() {
        var progress = Progress(total: 1000, done: 100, failures: 1, now: 0)
        #expect(progress.line(now: 0) == "100 of 1000 done (10 %), 0.0/s, 1 failed, unknown time left")
        progress.record(done: 300, failures: 2, now: 5)
        #expect(progress.line(now: 5) == "300 of 1000 done (30 %), 40/s, 2 failed, 18 s left")
        progress.record(done: 1000, failures: 2, now: 10)
        #expect(progress.line(now: 10) == "1000 of 1000 done (100 %), 90/s, 2 failed")
    }

    @Test
    func theRateForgetsWhatIsLongAgo() {
        var progress = Progress(total: 10_000, done: 0, failures: 0, now: 0)
        for second in 1...20 { progress.record(done: second * 100, failures: 0, now: Double(second)) }
        for second in 21...40 { progress.record(done: 2000 + (second - 20), failures: 0, now: Double(second)) }
        #expect(abs(progress.rate(now: 40) - 1) < 0.2)
        #expect(progress.rate(now: 4000) < 0.1)
    }

    @Test(arguments: [(200, 40), (80, 30), (60, 10)])
    func theBarFitsTheTerminal(columns: Int, width: Int) {
        var progress = Progress(total: 200, done: 0, failures: 0, now: 0)
        progress.record(done: 100, failures: 3, now: 10)
        let bar = progress.bar(columns: columns, now: 10)
        #expect(bar.count <= columns)
        #expect(bar.hasSuffix("] 50 % 100/200  10/s  3 failed  10 s left"))
        #expect(bar.count { $0 == "█" } == bar.count { $0 == "·" })
        #expect(bar.count { $0 == "█" } >= width / 2)
    }

    @Test(arguments: [0, 1, 5, 20, 40])
    func aNarrowTerminalHasNoBar(columns: Int) {
        let progress = Progress(total: 200, done: 100, failures: 0, now: 0)
        let bar = progress.bar(columns: columns, now: 10)
        #expect(bar.count <= columns)
        #expect(!bar.contains("█"))
    }

    @Test
    func nothingToDoIsDone() {
        #expect(Progress(total: 0, done: 0, failures: 0, now: 0).line(now: 1).hasPrefix("0 of 0 done (100 %)"))
    }

    @Test
    func aTerminalHasABarInItsPlace() {
        let screen = Mutex("")
        var display = ProgressDisplay(columns: { 80 }, write: { text in screen.withLock { $0 += text } })
        let progress = Progress(total: 10, done: 5, failures: 0, now: 0)
        display.update(progress, now: 0)
        display.update(progress, now: 0.1)
        display.update(progress, now: 0.3)
        display.say("hello")
        display.end()
        let text = screen.withLock { $0 }
        #expect(text.count { $0 == "\r" } == 3)
        #expect(text.hasSuffix("\u{1B}[K\r\u{1B}[Khello\n"))
    }

    @Test
    func elsewhereThereIsALineNowAndThen() {
        let screen = Mutex("")
        var display = ProgressDisplay(columns: { nil }, write: { text in screen.withLock { $0 += text } })
        let progress = Progress(total: 10, done: 5, failures: 0, now: 0)
        for tenth in 0...120 { display.update(progress, now: Double(tenth) / 10) }
        display.end()
        let text = screen.withLock { $0 }
        #expect(text.count { $0 == "\n" } == 3)
        #expect(!text.contains("\r"))
    }

    @Test(arguments: [
        (0.4, "0 s"), (59, "59 s"), (60, "1:00"), (3599, "59:59"), (7385, "2:03:05"), (360000, "100:00:00"),
    ])
    func timesAreReadable(seconds: Double, text: String) { #expect("\(TimeSpan(seconds: seconds))" == text) }

    @Test(arguments: [("90s", 90.0), ("30m", 1800), ("24h", 86400), ("1.5d", 129600), ("200ms", 0.2)])
    func readsTimes(text: String, seconds: Double) { #expect(TimeSpan(argument: text)?.seconds == seconds) }

    @Test(arguments: [(86400.0, "24h"), (5400, "90m"), (2, "2s"), (0.5, "0.5s")])
    func writesTimesAsTheyAreRead(seconds: Double, text: String) {
        #expect(TimeSpan(seconds: seconds).defaultValueDescription == text)
        #expect(TimeSpan(argument: text)?.seconds == seconds)
    }

    @Test(arguments: ["", "5", "h", "-1h", "0s", "infs", "soon", "1e30d"])
    func refusesOtherTimes(text: String) { #expect(TimeSpan(argument: text) == nil) }
}
