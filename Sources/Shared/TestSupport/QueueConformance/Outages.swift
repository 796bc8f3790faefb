import Messages
import Queue

extension ConformanceCase {
    static let outages: [ConformanceCase] = [
        ConformanceCase("losesNothingInAnOutage", needs: .survivesOutage, run: losesNothingInAnOutage),
        ConformanceCase("goesOnAfterAnOutageWhileWaiting", run: goesOnAfterAnOutage),
        ConformanceCase("saysWhetherTheServerAnswers", run: saysWhetherTheServerAnswers),
    ]

    private static func losesNothingInAnOutage(_ harness: any QueueHarness) async throws {
        let bench = try await Bench(harness)
        let source = try await bench.source()
        let sink = try await bench.sink()
        try await bench.publish("a", "b", "c", "d")
        let held = try await source.take(2)
        let done = try await source.take(1)[0]
        try require(try await sink.settle([bench.result(done)]), equals: [.settled], "status")

        try await harness.stopServer()
        let settling = Task {
            try await persistently("settlement", connect: sink.connect) { () async throws(QueueError) in
                try await sink.settle(held.map { bench.result($0) })
            }
        }
        try await Task.sleep(for: .milliseconds(300))
        try await harness.startServer()

        let statuses = try await settling.value
        // Stale is right as well: an answer that the outage swallowed was a settlement.
        try require(statuses.allSatisfy { $0 == .settled || $0 == .stale }, "statuses: \(statuses)")
        let rest = try await persistently("fourth request", connect: source.connect) { () async throws(QueueError) in
            try await source.lease(limit: 10)
        }
        try require(rest.count, equals: 1, "requests left")
        try require(try await sink.settle(rest.map { bench.result($0) }), equals: [.settled], "status")
        let results = try await bench.results(4)
        try require(
            results.sorted(), equals: ["a", "b", "c", "d"].map { "result of \($0)" }, "results")
    }

    private static func goesOnAfterAnOutage(_ harness: any QueueHarness) async throws {
        let bench = try await Bench(harness)
        let source = try await bench.source()
        let waiting = Task {
            try await persistently("request", connect: source.connect) { () async throws(QueueError) in
                try await source.lease(limit: 10)
            }
        }
        try await harness.stopServer()
        try await Task.sleep(for: .milliseconds(300))
        try await harness.startServer()
        // A queue that keeps nothing for later gets it when it listens again.
        try await eventually("source that answers") { () -> Void? in
            await source.health() == .reachable ? () : nil
        }
        try await bench.publish("after")
        try require(try await waiting.value.map(\.text), equals: ["after"], "requests")
    }

    private static func saysWhetherTheServerAnswers(_ harness: any QueueHarness) async throws {
        let bench = try await Bench(harness)
        let source = try await bench.source()
        let sink = try await bench.sink()
        try await bench.publish("a")
        let delivery = try await source.take(1)[0]
        try require(await source.health(), equals: .reachable, "health of the source")
        try require(await sink.health(), equals: .reachable, "health of the sink")
        try await harness.stopServer()
        try await eventually("failure of a settlement", within: .seconds(30)) { () -> Void? in
            do throws(QueueError) {
                _ = try await sink.settle([bench.result(delivery)])
                return nil
            } catch {
                return ()
            }
        }
        try require(await sink.health() != .reachable, "a sink whose server is away calls it reachable")
        try await harness.startServer()
        try await persistently("settlement", connect: sink.connect) { () async throws(QueueError) in
            _ = try await sink.settle([bench.result(delivery)])
        }
        try require(await sink.health(), equals: .reachable, "health of the sink")
    }
}
