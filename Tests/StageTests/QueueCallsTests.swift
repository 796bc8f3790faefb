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

    @Test
    func saysOnceWhatALookFindsBetweenCalls() {
        let log = LogLines()
        let calls = QueueCalls(logger: log.logger)
        let looks: [QueueHealth] = [
            .reachable, .unreachable(reason: "gone"), .unreachable(reason: "gone"), .reachable, .reachable,
        ]
        #expect(looks.map { calls.noted($0) } == looks)
        #expect(
            log().map(\.message) == ["The queue does not answer; trying again until it does", "The queue answers"])
        #expect(log().map { $0["error"] } == ["gone", nil])
    }

    @Test(.timeLimit(.minutes(1)))
    func saysAnOutageOnceWhenItBeginsAndOnceWhenItEnds() async {
        let log = LogLines()
        let calls = QueueCalls(logger: log.logger, metadata: ["queue": "reviews"])
        let count = Mutex(0)
        // Two calls that work, then one that does not before its fourth try.
        for failures in [0, 0, 3, 0] {
            count.withLock { $0 = failures }
            await calls.untilItWorks { () async throws(QueueError) in
                let left = count.withLock { count in
                    count -= 1
                    return count
                }
                if left >= 0 { throw QueueError(operation: "ask", reason: "refused \(left)") }
            }
        }
        #expect(
            log().map(\.message) == [
                "The queue answers", "The queue does not answer; trying again until it does", "The queue answers",
            ])
        #expect(log().map { $0["error"] } == [nil, "ask: refused 2", nil])
        #expect(log().allSatisfy { $0["queue"] == "reviews" })
    }

    @Test(.timeLimit(.minutes(1)))
    func showsAnOutageWhileItLasts() async {
        #expect(calls.health == .unreachable(reason: "not asked yet"))
        await calls.untilItWorks(tries: 1) { () async throws(QueueError) in
            throw QueueError(operation: "ask", reason: "refused")
        }
        #expect(calls.health == .unreachable(reason: "ask: refused"))
        #expect(calls.noted(.reachable) == .reachable)
        #expect(calls.health == .unreachable(reason: "ask: refused"), "a look between calls is no call")
        await calls.untilItWorks { () async throws(QueueError) in }
        #expect(calls.health == .reachable)
    }
}
