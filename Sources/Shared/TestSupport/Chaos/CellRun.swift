package import Foundation
import GatewaySimulator
import Processes
import TestServers

/// Runs one cell: starts everything, lets the load flow, does what the schedule says, waits until everything has
/// drained, and looks at the books.
package struct CellRun: Sendable {
    private let cell: Cell
    private let seed: UInt64
    private let folder: URL
    private let clock = RunClock()
    private let log: RunLog
    private let queue: any QueueUnderTest
    private let gateway: GatewaySimulator
    private let gatewayBooks: GatewayBooks
    private let results: ResultBooks
    private let plant: Plant
    private let driver: FaultDriver
    /// Seconds from the start of a run after which requests to a silent gateway are over.
    private static let silentTime: Int64 = 40

    /// - Parameters:
    ///   - folder: new; for logs and whatever the queue keeps.
    ///   - executables: where the four executables are.
    package init(
        _ cell: Cell, seed: UInt64, folder: URL, executables: @escaping @Sendable (String) throws -> URL,
        makeQueue: @Sendable (Cell, URL) async throws -> any QueueUnderTest
    ) async throws {
        var cell = cell
        cell.traffic.silentDeadline = Int64(Date.now.timeIntervalSince1970) + Self.silentTime
        self.cell = cell
        self.seed = seed
        self.folder = folder
        log = try RunLog(folder.appending(path: "run.log"), clock: clock)
        let queue = try await makeQueue(cell, folder)
        self.queue = queue
        gatewayBooks = GatewayBooks(clock: clock, behaviour: cell.gateway, seed: seed)
        let gateway = try await GatewaySimulator.start(gatewayBooks.settings)
        self.gateway = gateway
        results = ResultBooks(cell.traffic, clock: clock)
        plant = try Plant(
            cell.layout, executables: executables, folder: folder, serverPort: queue.port,
            queueFlags: {
                queue.flags(
                    port: $0, gateway: gateway.url + "/v1/completions",
                    silentGateway: gateway.url + "/silent/v1/completions")
            }, queueEnvironment: { queue.environment(port: $0) })
        driver = FaultDriver(plant: plant, queue: queue, clock: clock, log: log)
    }

    /// Runs the cell to its end, and ends every process whatever happens.
    package func run() async throws -> CellReport {
        do {
            let report = try await measure()
            await end()
            return report
        } catch {
            log.write("failed: \(error)")
            await plant.saveStatus()
            await end()
            throw error
        }
    }

    private func end() async {
        await plant.end()
        await gateway.stop()
        queue.end()
    }

    private func measure() async throws -> CellReport {
        for kind in StageKind.allCases { try await plant.start(kind.names(cell.layout.running(kind))) }
        try await queue.waitUntilReady()
        let producer = Producer(
            queue, cell.traffic, cell.load, total: cell.requests, books: results, clock: clock)
        let collector = Collector(queue, books: results)
        defer {
            producer.stop()
            collector.stop()
        }
        let begin = try await firstResults()
        log.write("results flow")
        let isDrained = try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await driver.supervise() }
            group.addTask { try await driver.run(Schedule(cell.faults, seed: seed), from: begin) }
            try await group.next()
            // The schedule ends first: the supervisor does not end by itself.
            let isDrained = try await drained(producer)
            await driver.end()
            try await group.waitForAll()
            return isDrained
        }
        log.write(isDrained ? "drained" : "not drained")
        if !isDrained { await plant.saveStatus() }
        let leftovers = try await leftovers()
        let failures = try await plant.terminate(plant.running)
        // Whatever was still on its way to a second result has come by now.
        try await Task.sleep(for: .milliseconds(300))
        return await report(from: begin, leftovers: leftovers, failures: failures)
    }

    /// Waits until results flow, and says since when.
    private func firstResults() async throws -> Duration {
        let limit = clock.now + .seconds(30)
        while results.answered < 50 {
            guard clock.now < limit else {
                throw ProcessFailure("\(results.answered) results within 30 s of the start")
            }
            try await Task.sleep(for: .milliseconds(5))
        }
        return clock.now
    }

    /// Waits until every request has a result; `false` when nothing has moved for so long that nothing will.
    private func drained(_ producer: Producer) async throws -> Bool {
        let patience = Duration.seconds(cell.layout.leaseSeconds + 45)
        var since = clock.now
        var before = (results.answered, results.produced)
        while !producer.isDone || results.answered < results.produced {
            let now = (results.answered, results.produced)
            if now != before { (since, before) = (clock.now, now) }
            if clock.now - since > patience { return false }
            // What is lost is not waited for: nothing moves, and nothing is kept any more.
            if queue.channelBooks != nil, producer.isDone, clock.now - since > .seconds(3),
                try queue.connect().leftovers().isEmpty
            {
                return true
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        return true
    }

    /// What is left in the queue's keeping a few seconds after everything has drained.
    private func leftovers() async throws -> [String] {
        let limit = clock.now + .seconds(5)
        while true {
            let session = try queue.connect()
            let left = try session.leftovers()
            if left.isEmpty || clock.now > limit { return left }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    private func report(from begin: Duration, leftovers: [String], failures: [String]) async -> CellReport {
        let record = RunRecord(
            attempts: gatewayBooks.attempts, disturbances: await driver.disturbances, results: results.summary,
            seen: results.seen, batches: results.batches, begin: begin)
        let losses = queue.channelBooks.map {
            LossCheck($0, record.disturbances, listeners: cell.layout.running(.ingest), clock: clock)
        }
        var report = CellReport(cell, record, leftovers: leftovers, redelivery: queue.redelivery, losses: losses)
        report.failures += await driver.failures + failures
        if gatewayBooks.strangers > 0 {
            report.failures.append("\(gatewayBooks.strangers) requests at the gateway that nobody had written")
        }
        let lost = plant.network.proxies(on: .toServer).reduce(0) { $0 + $1.cuts }
        if cell.faults.contains(where: \.fault.losesReplies), lost == 0 { report.failures.append("no reply was lost") }
        log.write("\(lost) replies lost")
        report.duration = clock.now
        report.planned = Schedule(cell.faults, seed: seed).entries.count
        for line in report.details { log.write(line) }
        return report
    }
}
