import Logging
import Queue
import Synchronization
import Testing

@testable import Stage

struct QueueCallsTests {
    private let calls = QueueCalls(logger: Logger(label: "calls") { _ in SwiftLogNoOpLogHandler() })

    @Test(.timeLimit(.minutes(1)))
    func makesACallUntilItWorks() async {
        let count = Mutex(0)
        let answer = await calls.untilItWorks { () async throws(QueueError) in
            let number = count.withLock { count in
                count += 1
                return count
            }
            if number < 3 { throw QueueError(operation: "ask", reason: "refused") }
            return number
        }
        #expect(answer == 3)
        #expect(calls.health == .reachable)
    }

    @Test(.timeLimit(.minutes(1)))
    func givesUpAfterItsTries() async {
        let answer = await calls.untilItWorks(tries: 2) { () async throws(QueueError) -> Int in
            throw QueueError(operation: "ask", reason: "refused")
        }
        #expect(answer == nil)
        #expect(calls.health == .unreachable(reason: "ask: refused"))
    }

    @Test(.timeLimit(.minutes(1)))
    func endsWithItsTask() async {
        let calls = calls
        let task = Task {
            await calls.untilItWorks { () async throws(QueueError) -> Int in
                throw QueueError(operation: "ask", reason: "refused")
            }
        }
        task.cancel()
        #expect(await task.value == nil)
    }
}
