import GRDB
import Messages
import Queue
import Testing

@testable import SQLite
@testable import SQLiteSink
@testable import SQLiteSource

@Suite(.timeLimit(.minutes(1)))
struct ClockStepsTests {
    @Test
    func seesAStepBackAndNoOther() {
        var steps = ClockSteps()
        steps.note(clock: 90_000_000, running: 1_000)
        #expect(steps.wasSetBack)
        steps.wasSetBack = false
        steps.note(clock: 90_060_000, running: 61_000)
        steps.note(clock: 93_000_000, running: 62_000)
        steps.note(clock: 93_000_500, running: 63_000)
        #expect(!steps.wasSetBack)
        steps.note(clock: 93_000_500, running: 64_000)
        #expect(steps.wasSetBack)
    }

    /// Everything that the clock wrote down is a day ahead, as it is once the clock has been set back by one.
    @Test
    func waitsNoLongerThanWasMeantWhenTheClockWasSetBack() async throws {
        try await withFolder { path in
            let database = try QueueDatabase(path: path)
            _ = try database.submit(["parked", "leased", "waiting"].map { Bytes($0.utf8) })
            let taken = try database.lease(queue: "requests", limit: 2, milliseconds: 100, takeOver: false)
            let park = Settlement(
                receipt: taken[0].receipt, queue: "requests", destination: "", id: "a",
                action: .park(afterMilliseconds: 300, failedAttempts: 1))
            #expect(try database.settle([park]) == [.settled])
            try plain(path) { connection in
                try connection.execute(
                    sql: """
                        UPDATE request_state SET until_ms = until_ms + 86400000 WHERE state > 0;
                        UPDATE request_state SET token = token + 86400000 WHERE state = 1;
                        """)
            }
            #expect(try database.correctTimes(queue: "requests", milliseconds: 100) == 1)
            #expect(try database.correctTimes(queue: "requests", milliseconds: 100) == 0)
            try await Task.sleep(for: .milliseconds(350))
            let again = try database.lease(queue: "requests", limit: 9, milliseconds: 100, takeOver: true)
            #expect(again.map { String(decoding: $0.bytes, as: UTF8.self) } == ["parked", "leased", "waiting"])
        }
    }
}
