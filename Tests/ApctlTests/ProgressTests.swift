import Synchronization
import Testing

@testable import Apctl

struct ProgressTests {
    @Test
    func saysHowFarHowFastAndHowLong() {
        var scene = scene(total: 1000, done: 100, failures: ["HTTP 404": 1])
        #expect(scene.line(now: 0) == "100 of 1000 done (10 %), 1 failed (HTTP 404), 0.0/s, unknown time left")
        scene.progress.record(done: 300, now: 5)
        #expect(scene.line(now: 5) == "300 of 1000 done (30 %), 1 failed (HTTP 404), 40/s, 18 s left")
        scene.progress.record(done: 1000, now: 10)
        #expect(scene.line(now: 10) == "1000 of 1000 done (100 %), 1 failed (HTTP 404), 90/s")
    }

    @Test
    func theRateForgetsWhatIsLongAgo() {
        var progress = Progress(total: 10_000, done: 0, now: 0)
        for second in 1...20 { progress.record(done: second * 100, now: Double(second)) }
        #expect(abs(progress.rate(now: 20) - 100) < 1)
        for second in 21...40 { progress.record(done: 2000 + (second - 20), now: Double(second)) }
        #expect(abs(progress.rate(now: 40) - 1) < 0.2)
        #expect(progress.rate(now: 4000) < 0.1)
    }

    /// A gateway that takes half a minute for each.
    @Test
    func theRateOfSlowAnswersIsKnownToo() {
        var progress = Progress(total: 100, done: 0, now: 0)
        for second in stride(from: 0.0, through: 240, by: 0.2) { progress.record(done: Int(second / 30), now: second) }
        #expect(abs(progress.rate(now: 240) * 30 - 1) < 0.1)
        #expect(progress.timeLeft(now: 240).map { abs($0.seconds - 92 * 30) < 300 } == true)
    }

    @Test(arguments: [(200, 40), (80, 24), (66, 10)])
    func theBarFitsTheTerminal(columns: Int, width: Int) {
        var scene = scene(total: 200, done: 0, failures: ["HTTP 404": 2, "X": 1])
        scene.progress.record(done: 100, now: 10)
        let bar = scene.bar(columns: columns, now: 10)
        #expect(bar.count <= columns)
        #expect(bar.hasSuffix("] 50 % 100/200  3 failed (HTTP 404: 2)  10/s  10 s left"))
        #expect(bar.count { $0 == "█" } == bar.count { $0 == "·" })
        #expect(bar.count { $0 == "█" } >= width / 2)
    }

    @Test(arguments: [0, 1, 5, 20, 40])
    func aNarrowTerminalHasNoBar(columns: Int) {
        let bar = scene(total: 200, done: 100).bar(columns: columns, now: 10)
        #expect(bar.count <= columns)
        #expect(!bar.contains("█"))
    }

    @Test
    func nothingToDoIsDone() { #expect(scene(total: 0, done: 0).line(now: 1).hasPrefix("0 of 0 done (100 %)")) }

    @Test
    func whatHurtsStandsFirst() {
        var scene = scene(total: 100, done: 50)
        scene.progress.record(done: 60, now: 10)
        scene.gateway = GatewayReport(state: .shedding)
        scene.backlog = Backlog(parked: 12, nextDue: 1008, leased: 3)
        scene.wallClock = 1000
        #expect(
            scene.line(now: 10)
                == "60 of 100 done (60 %), the gateway sheds requests, 12 to be retried, next in 8 s, 0 failed, 1.0/s, 40 s left"
        )
        scene.gateway = GatewayReport(state: .unreachable, held: 5)
        #expect(scene.line(now: 10).contains("the gateway cannot be reached (5 wait), "))
        #expect(scene.line(now: 10).hasSuffix("unknown time left"))
        scene.gateway = nil
        scene.backlog = Backlog(parked: 40, nextDue: 4600)
        #expect(scene.line(now: 10).hasSuffix("1:00:00 left"), "what waits for an hour is not done before")
        scene.lastStep = 3
        #expect(scene.line(now: 10).contains("the disk has not answered for 7 s"))
    }

    @Test
    func saysWhatIsFinishedAndHowToGiveUp() {
        var scene = scene(total: 100, done: 50)
        scene.isFinishing = true
        scene.backlog.leased = 12
        #expect(scene.line(now: 1) == "50 of 100 done (50 %), finishing 12 requests, Ctrl-C again to give up")
    }

    @Test
    func aTerminalHasABarInItsPlace() {
        let screen = Mutex("")
        var display = ProgressDisplay(columns: { 80 }, write: { text in screen.withLock { $0 += text } })
        let scene = scene(total: 10, done: 5)
        display.update(scene, now: 0)
        display.update(scene, now: 0.1)
        display.update(scene, now: 0.3)
        display.say("hello")
        display.end()
        let text = screen.withLock { $0 }
        #expect(text.count { $0 == "\r" } == 3)
        #expect(text.hasSuffix("\u{1B}[K\r\u{1B}[Khello\n"))
    }

    @Test
    func elsewhereThereIsALineAMinuteAndWhenTheGatewayChanges() {
        let screen = Mutex("")
        var display = ProgressDisplay(columns: { nil }, write: { text in screen.withLock { $0 += text } })
        var scene = scene(total: 10, done: 5)
        for second in 0...120 { display.update(scene, now: Double(second)) }
        #expect(screen.withLock { $0 }.count { $0 == "\n" } == 3)
        scene.gateway = GatewayReport(state: .unreachable)
        for second in 121...130 { display.update(scene, now: Double(second)) }
        scene.gateway = GatewayReport(state: .reachable)
        for second in 131...140 { display.update(scene, now: Double(second)) }
        display.end()
        let text = screen.withLock { $0 }
        #expect(text.count { $0 == "\n" } == 5)
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

    private func scene(total: Int, done: Int, failures: [String: Int] = [:]) -> RunScene {
        var scene = RunScene(progress: Progress(total: total, done: done, now: 0))
        for (name, count) in failures { for _ in 0..<count { scene.failures.add(failure(name)) } }
        return scene
    }

    private func failure(_ name: String) -> Outcome? {
        let status = name.hasPrefix("HTTP ") ? ",\"status_code\":\(name.dropFirst(5))" : ",\"error_code\":\"\(name)\""
        return Outcome(Array("{\"id\":\"a\"\(status)}".utf8)[...])
    }
}
