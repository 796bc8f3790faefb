import Testing

@testable import SQLite
@testable import SQLiteSource

struct NextWorkTests {
    /// What is in the queue at time 1000, and what follows from it.
    struct Example: Sendable {
        var hasReady = false
        var parked: Int64?
        var leased: Int64?
        var takeOverFrom = Int64.min
        var isNow = false
        /// Milliseconds from 1000.
        var wait: Int64?
    }

    @Test(arguments: [
        Example(),
        Example(hasReady: true, isNow: true),
        Example(parked: 1000, isNow: true, wait: 0),
        Example(parked: 900, leased: 5000, isNow: true, wait: 0),
        Example(parked: 1001, wait: 1),
        Example(parked: 3000, leased: 2000, wait: 1000),
        Example(leased: 1000, isNow: true, wait: 0),
        Example(leased: 1000, takeOverFrom: 1500, wait: 500),
        Example(leased: 2000, takeOverFrom: 1500, wait: 1000),
        Example(hasReady: true, leased: 900, takeOverFrom: 1500, isNow: true, wait: 500),
    ])
    func tellsWhatComesNext(_ example: Example) {
        let state = QueueState(
            nowMilliseconds: 1000, hasReady: example.hasReady, parkedDueMilliseconds: example.parked,
            leaseEndMilliseconds: example.leased)
        let prospect = NextWork(state, takeOverFrom: example.takeOverFrom)
        #expect(prospect.isNow == example.isNow)
        #expect(prospect.milliseconds(at: 1000) == example.wait)
        #expect(prospect.mayTakeOver == (example.takeOverFrom <= 1000))
    }
}
