import Queue
import Testing

@testable import Stage

struct RunningTests {
    @Test(.timeLimit(.minutes(1)))
    func saysWhetherWorkCameToItsEnd() async {
        #expect(await finishes(within: .seconds(30)) {})
        #expect(await !finishes(within: .milliseconds(10)) { try? await Task.sleep(for: .seconds(30)) })
    }

    @Test
    func reportsAChangeOfTheQueuesStateOnce() {
        let state = QueueState()
        #expect(state.set(.unreachable(reason: "refused")))
        #expect(!state.set(.unreachable(reason: "refused")))
        #expect(state.set(.reachable))
        #expect(!state.set(.reachable))
        #expect(state.set(.unreachable(reason: "gone")))
        #expect(state.current == .unreachable(reason: "gone"))
    }

    @Test
    func remembersThatItIsDraining() {
        let (drain, now) = (Drain(), ContinuousClock.now)
        #expect(!drain.isSet)
        #expect(drain.progress(left: 2, now: now) == nil)
        drain.set(until: now + .seconds(30))
        #expect(drain.isSet)
        #expect(drain.progress(left: 2, now: now) == "draining: 2 requests left, 30 s until they are given up")
        #expect(
            drain.progress(left: 1, now: now + .seconds(31)) == "draining: 1 request left, 0 s until they are given up")
    }
}
