import Chaos
import Foundation
import GatewaySimulator
import Processes
import Redis
import Synchronization
import TestServers

/// A pipeline under a steady load of ordinary requests, and the doors through which odd things come.
final class OddityBench: Sendable {
    let folder: URL
    let queue: OddQueue
    let hostile: HostileGateway
    let plant: Plant
    let books: ResultBooks
    private let gateway: GatewaySimulator
    private let producer: Producer
    private let collector: Collector
    private let executables: @Sendable (String) throws -> URL
    private let next = Atomic(0)

    /// Ordinary requests a second.
    static let rate = 50.0

    init(folder: URL, executables: @escaping @Sendable (String) throws -> URL) async throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        self.folder = folder
        self.executables = executables
        let clock = RunClock()
        let (queue, hostile) = (try await OddQueue(), try HostileGateway())
        let gatewayBooks = GatewayBooks(
            clock: clock, behaviour: GatewayBehaviour(latency: .milliseconds(5)), seed: 1, keepsAttempts: false)
        let gateway = try await GatewaySimulator.start(gatewayBooks.settings)
        var layout = Layout()
        layout.concurrency = 32
        layout.leaseSeconds = 10
        layout.flags = ["--backoff-base", "0.1", "--backoff-max", "0.5", "--request-timeout", "2"]
        plant = try Plant(
            layout, executables: executables, folder: folder, serverPort: queue.port,
            queueFlags: {
                queue.flags(port: $0, gateway: gateway.url + "/v1/completions", silentGateway: hostile.url)
            })
        books = ResultBooks(Traffic(), clock: clock, keepsTimes: false)
        for kind in StageKind.allCases { try await plant.start([kind.name(1)]) }
        producer = Producer(queue, Traffic(), .steady(Self.rate), total: 1_000_000, books: books, clock: clock)
        collector = Collector(queue, books: books)
        (self.queue, self.hostile, self.gateway) = (queue, hostile, gateway)
    }

    func end() async {
        producer.stop()
        collector.stop()
        await plant.end()
        await gateway.stop()
        hostile.close()
        queue.end()
    }

    /// A number that no other oddity of this run has.
    func number() -> Int { next.wrappingAdd(1, ordering: .relaxed).oldValue }

    // MARK: - Doors

    /// Puts a message among the ordinary ones, or among those for the hostile gateway.
    func submit(_ message: [UInt8], to queue: String = OddQueue.requests) throws {
        var command = RedisCommand("ZADD", queue)
        // Before all others, so that it is in a batch with them.
        command.append(1_000_000_000)
        command.append(message)
        if let error = try RedisConnection(self.queue.redis.url).send(command).error { throw OddityFailure(error) }
    }

    /// Waits until `fate` has come true for request `id`.
    func expect(
        _ fate: Fate, of id: String, in queue: String = OddQueue.requests
    ) async throws {
        if case .deadLetter(let reason) = fate {
            return try await eventually("a dead letter with \(reason)") {
                try self.queue.deadLetters(of: queue).contains { $0.contains(reason) }
            }
        }
        let result = try await self.result(of: id)
        switch fate {
        case .result(let code):
            let found = result.errorCode.isEmpty ? result.statusCode.map { "\($0)" } ?? "" : result.errorCode
            guard found == code else { throw OddityFailure("\(id) became \(found) and not \(code): \(result.payload)") }
        case .noSuccess:
            guard result.statusCode.map({ $0 >= 300 }) ?? true else {
                throw OddityFailure("\(id) became a success: \(result.payload.prefix(200))")
            }
        case .anyResult, .deadLetter: break
        }
    }

    func result(of id: String) async throws -> ResultLine {
        try await eventually("a result of \(id)") { self.queue.result(id) != nil }
        return self.queue.result(id) ?? ResultLine(id: id)
    }

    /// Starts another process of a stage that shares no port with the running ones, and waits until it has ended.
    ///
    /// - Returns: its exit status and what it wrote; status `nil` when it still ran after `patience`, and was ended then.
    func run(
        _ stage: String, _ arguments: [String], environment: [String: String] = [:], patience: Duration = .seconds(10)
    ) async throws -> (status: Int32?, log: String) {
        let name = "extra\(number())"
        let process = StageProcess(
            name, executable: try executables(stage), arguments: arguments, environment: environment, directory: folder)
        try await process.start()
        let status = try? await process.exitStatus(within: patience)
        await process.end()
        return (status, await process.logText())
    }

    /// A process whose status page answers is as good as started.
    func starts(_ stage: String, _ arguments: [String], environment: [String: String] = [:]) async throws {
        let name = "extra\(number())"
        let process = StageProcess(
            name, executable: try executables(stage), arguments: arguments, environment: environment, directory: folder)
        try await process.start()
        do {
            try await eventually("\(stage) starts") { await process.logText().contains("Started") }
            try await process.signal(SIGTERM)
            let status = try await process.exitStatus(within: .seconds(10))
            guard status == 0 else { throw OddityFailure("ended with \(status)") }
        } catch {
            let log = await process.logText()
            await process.end()
            throw OddityFailure("\(error): \(log.suffix(500))")
        }
    }
}

/// Asks until the answer is yes.
func eventually(
    _ what: @autoclosure () -> String, within limit: Duration = .seconds(10), _ answer: () async throws -> Bool
) async throws {
    let end = ContinuousClock.now + limit
    while true {
        if try await answer() { return }
        guard ContinuousClock.now < end else { throw OddityFailure("not within \(limit): \(what())") }
        try await Task.sleep(for: .milliseconds(10))
    }
}

/// Like `eventually`, for what need not come true.
func patiently(within limit: Duration, _ answer: () async throws -> Bool) async throws {
    let end = ContinuousClock.now + limit
    while try await !answer(), ContinuousClock.now < end { try await Task.sleep(for: .milliseconds(10)) }
}
