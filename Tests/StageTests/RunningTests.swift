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
        let flag = DrainFlag()
        #expect(!flag.isSet)
        flag.set()
        #expect(flag.isSet)
    }
}
