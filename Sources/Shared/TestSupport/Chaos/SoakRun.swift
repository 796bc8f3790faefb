package import Foundation
import GatewaySimulator
import Processes
package import Queue

/// Runs a soak: measures how fast it goes, then half of that for long, with a fault every half minute.
package struct SoakRun: Sendable {
    private let minutes: Int
    private let seed: UInt64
    private let folder: URL
    private let say: @Sendable (String) -> Void
    private let clock = RunClock()
    private let queue: any QueueUnderTest
    private let gateway: GatewaySimulator
    private let books: ResultBooks
    private let plant: Plant
    private let driver: FaultDriver
    private let traffic = Traffic()
    /// Requests by which the highest rate is measured.
    private static let trial = 60_000

    package init(
        minutes: Int, seed: UInt64, folder: URL, queue kind: QueueKind,
        executables: @escaping @Sendable (String) throws -> URL, say: @escaping @Sendable (String) -> Void
    ) async throws {
        self.minutes = minutes
        self.seed = seed
        self.folder = folder
        self.say = say
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let queue = try await kind.make(Cell("soak", ""), in: folder)
        self.queue = queue
        let gatewayBooks = GatewayBooks(clock: clock, behaviour: Soak.gateway, seed: seed, keepsAttempts: false)
        let gateway = try await GatewaySimulator.start(gatewayBooks.settings)
        self.gateway = gateway
        books = ResultBooks(traffic, clock: clock, keepsTimes: false)
        plant = try Plant(
            Soak.layout, executables: executables, folder: folder, serverPort: queue.port,
            queueFlags: {
                queue.flags(
                    port: $0, gateway: gateway.url + "/v1/completions",
                    silentGateway: gateway.url + "/silent/v1/completions")
            }, queueEnvironment: { queue.environment(port: $0) })
        driver = FaultDriver(
            plant: plant, queue: queue, clock: clock, log: try RunLog(folder.appending(path: "run.log"), clock: clock))
    }

    package func run() async throws -> SoakReport {
        do {
            let report = try await measure()
            if !report.results.lost.isEmpty { await plant.saveStatus() }
            await end()
            return report
        } catch {
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

    private func measure() async throws -> SoakReport {
        for kind in StageKind.allCases { try await plant.start(kind.names(Soak.layout.running(kind))) }
        try await queue.waitUntilReady()
        let collector = Collector(queue, books: books)
        defer { collector.stop() }
        let highest = try await highestRate()
        let rate = (highest / 2).rounded(.down)
        say("\(Int(highest)) results/s at most; \(minutes) minutes at \(Int(rate))/s, a fault every 30 s, seed \(seed)")
        let producer = Producer(
            queue, traffic, .steady(rate), from: Self.trial, total: .max, books: books, clock: clock)
        defer { producer.stop() }
        let samples = try await withThrowingTaskGroup(of: [Sample].self) { group in
            group.addTask {
                try await disturb()
                return []
            }
            group.addTask { try await sample() }
            return try await group.reduce([], +)
        }
        producer.finish()
        try await drained(producer)
        let leftovers = try await leftovers()
        let failures = try await plant.terminate(plant.running)
        let disturbances = await driver.disturbances
        let losses = queue.channelBooks.map {
            LossCheck($0, disturbances, listeners: Soak.layout.running(.ingest), clock: clock)
                .causes(of: books.summary.lost)
        }
        return SoakReport(
            samples: samples, results: books.summary, losses: losses, highestRate: highest, rate: rate,
            disturbances: disturbances, leftovers: leftovers,
            troubles: await driver.failures + failures, allowsSecond: queue.redelivery != nil)
    }

    /// Results per second while all requests are there at once.
    private func highestRate() async throws -> Double {
        let producer = Producer(queue, traffic, .burst, total: Self.trial, books: books, clock: clock)
        defer { producer.stop() }
        while books.answered < Self.trial / 10 { try await Task.sleep(for: .milliseconds(10)) }
        let (begin, first) = (clock.now, books.answered)
        while books.answered < Self.trial * 9 / 10 { try await Task.sleep(for: .milliseconds(10)) }
        let rate = Double(books.answered - first) / (clock.now - begin).inSeconds
        try await drained(producer)
        return rate
    }

    private func disturb() async throws {
        var next = clock.now + .seconds(10)
        for fault in Soak.schedule(minutes: minutes, seed: seed) {
            try await Task.sleep(for: max(.zero, next - clock.now))
            try await driver.perform(fault)
            next += Soak.pause
        }
    }

    /// Once a minute, half a minute after the fault before last: what a fault has piled up is gone again.
    private func sample() async throws -> [Sample] {
        var samples: [Sample] = []
        let begin = clock.now
        for minute in 0...minutes {
            let next = begin + .seconds(60 * minute + 5)
            try await Task.sleep(for: max(.zero, next - clock.now))
            let usages = await plant.processIdentifiers().compactMapValues(Sample.Usage.init)
            let measures = (try? queue.connect().measures()) ?? [:]
            let sample = Sample(
                time: clock.now - begin, results: books.answered, processes: usages, queue: measures)
            samples.append(sample)
            say(line(sample))
        }
        return samples
    }

    private func line(_ sample: Sample) -> String {
        let processes = sample.processes.sorted { $0.key < $1.key }.map { name, usage in
            "\(name) \(usage.memory >> 20) MiB \(usage.descriptors) fd"
        }
        let queue = sample.queue.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        return "\(Int(sample.time.inSeconds) / 60) min, \(sample.results) results, "
            + (processes + queue).joined(separator: ", ")
    }

    /// Waits until all that was published has a result, or nothing has moved for long.
    private func drained(_ producer: Producer) async throws {
        var (since, before) = (clock.now, books.answered)
        while !producer.isDone || books.answered < books.produced {
            let now = books.answered
            if now != before { (since, before) = (clock.now, now) }
            if queue.channelBooks != nil, producer.isDone, clock.now - since > .seconds(3),
                try queue.connect().leftovers().isEmpty
            {
                return
            }
            if clock.now - since > .seconds(Soak.layout.leaseSeconds + 45) { return }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    private func leftovers() async throws -> [String] {
        let limit = clock.now + .seconds(5)
        while true {
            let left = try queue.connect().leftovers()
            if left.isEmpty || clock.now > limit { return left }
            try await Task.sleep(for: .milliseconds(100))
        }
    }
}
