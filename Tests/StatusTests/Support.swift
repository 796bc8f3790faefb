import Foundation
import FoundationNetworking
import Logging
import PipelineMetrics
import Status
import Synchronization

/// A provider that always says the same.
struct FixedProvider: StatusProvider {
    var health: Health = .ok
    var readiness: Readiness = .ready
    var report = StatusReport(version: "0", stage: "dispatch")
    /// What it has of `heldID`.
    var held: [HeldRequest] = []
    var heldID = ""

    func health() async -> Health { health }
    func readiness() async -> Readiness { readiness }
    func status() async -> StatusReport { report }
    func held(id: String) async -> [HeldRequest] { held.filter { _ in id == heldID } }
}

/// A provider that never answers, whether it is cancelled or not.
final class HangingProvider: StatusProvider {
    private let waiting = Mutex<[CheckedContinuation<Void, Never>]>([])

    var questions: Int { waiting.withLock { $0.count } }

    func health() async -> Health {
        await hang()
        return .ok
    }

    func readiness() async -> Readiness {
        await hang()
        return .ready
    }

    func status() async -> StatusReport {
        await hang()
        return StatusReport(version: "0", stage: "dispatch")
    }

    func held(id: String) async -> [HeldRequest] {
        await hang()
        return []
    }

    private func hang() async {
        await withCheckedContinuation { continuation in waiting.withLock { $0.append(continuation) } }
    }

    /// Ends what hangs, when the test is over.
    func release() { waiting.withLock { $0 }.forEach { $0.resume() } }
}

struct Answer: Equatable {
    var code: Int
    var type: String
    var body: String

    init(_ code: Int, _ type: String, _ body: String) {
        self.code = code
        self.type = type
        self.body = body
    }
}

struct RunningServer {
    let port: UInt16

    func get(_ path: String, method: String = "GET") async throws -> Answer {
        var request = URLRequest(url: URL(fileURLWithPath: "/"))
        request.url = URL(string: "http://127.0.0.1:\(port)\(path)")
        request.httpMethod = method
        request.timeoutInterval = 20
        let (data, response) = try await URLSession.shared.data(for: request)
        guard let response = response as? HTTPURLResponse else { throw URLError(.badServerResponse) }
        return Answer(
            response.statusCode, response.value(forHTTPHeaderField: "Content-Type") ?? "",
            String(decoding: data, as: UTF8.self))
    }
}

func makeServer(
    _ provider: any StatusProvider, registry: MetricsRegistry = MetricsRegistry(), host: String = "127.0.0.1",
    port: UInt16 = 0, answerLimit: Duration = .seconds(3)
) throws -> StatusServer {
    try StatusServer(
        host: host, port: port, registry: registry, provider: provider, logger: Logger(label: "test"),
        answerLimit: answerLimit)
}

/// Runs a server on a free port for as long as `body` runs.
func withServer(
    _ provider: any StatusProvider, registry: MetricsRegistry = MetricsRegistry(), host: String = "127.0.0.1",
    answerLimit: Duration = .seconds(3), _ body: @Sendable (RunningServer) async throws -> Void
) async throws {
    let server = try makeServer(provider, registry: registry, host: host, answerLimit: answerLimit)
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { await server.run() }
        let running = RunningServer(port: server.port)
        // Until its thread runs: tests block the threads on which it would be started.
        _ = try await running.get("/")
        try await body(running)
        group.cancelAll()
        try await group.waitForAll()
    }
}
