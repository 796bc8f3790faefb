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
        let lines = Lines()
        let calls = QueueCalls(logger: Logger(label: "calls") { _ in lines })
        let looks: [QueueHealth] = [
            .reachable, .unreachable(reason: "gone"), .unreachable(reason: "gone"), .reachable, .reachable,
        ]
        #expect(looks.map { calls.noted($0) } == looks)
        #expect(
            lines.all == [
                "The queue does not answer; trying again until it does error=gone", "The queue answers error=none",
            ])
    }
}

/// Keeps what is logged.
private final class Lines: LogHandler {
    private let lines = Mutex<[String]>([])
    var all: [String] { lines.withLock { $0 } }
    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }
    var logLevel: Logger.Level {
        get { .trace }
        set {}
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }

    func log(event: LogEvent) {
        lines.withLock { $0.append("\(event.message) error=\(event.metadata?["error"] ?? "none")") }
    }
}
