import Testing

@testable import Apctl

struct TapFilterTests {
    @Test(arguments: [
        (TapFilter(), [""]), (TapFilter(id: "a"), [""]), (TapFilter(stages: [.retry]), ["retry."]),
        (TapFilter(stages: [.retry, .emit], id: "a"), ["retry.", "emit."]),
        (TapFilter(direction: .output), ["ingest.out.", "dispatch.out.", "retry.out.", "emit.out."]),
        (TapFilter(stages: [.emit], direction: .input), ["emit.in."]),
        (TapFilter(stages: [.emit], direction: .input, queue: "q"), ["emit.in.q."]),
        (TapFilter(stages: [.emit], direction: .input, queue: "q", id: "a.1"), ["emit.in.q.a.1"]),
        (TapFilter(stages: [.emit], queue: "q", id: "a"), ["emit.in.q.a", "emit.out.q.a"]),
    ])
    func asksForAsLittleAsTopicsAllow(filter: TapFilter, subscriptions: [String]) {
        #expect(filter.subscriptions == subscriptions)
    }

    @Test
    func asksEachStageForBothDirectionsOfAQueue() {
        let subscriptions = TapFilter(queue: "q").subscriptions
        #expect(subscriptions.count == 8)
        #expect(subscriptions.first == "ingest.in.q." && subscriptions.last == "emit.out.q.")
    }

    @Test(arguments: [
        (TapFilter(), true), (TapFilter(queue: "a.b"), true), (TapFilter(queue: "a"), false),
        (TapFilter(id: "c"), true), (TapFilter(id: "c.d"), true), (TapFilter(id: "d"), false),
        (TapFilter(queue: "a.b", id: "c.d"), true), (TapFilter(queue: "a", id: "b.c"), false),
    ])
    func tellsQueuesAndIDsWithDotsApart(filter: TapFilter, isWanted: Bool) throws {
        let record = try #require(TapRecord(Array(#"{"queue":"a.b","id":"c.d"}"#.utf8)))
        #expect(filter.wants(record) == isWanted)
        #expect(filter.needsDocument == (filter != TapFilter()))
    }
}
