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

/// A client that says only what it is told to.
final class RawConnection {
    private let descriptor: CInt

    init(port: UInt16) throws {
        descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let code = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard code == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
        }
    }

    deinit { close(descriptor) }

    /// - Returns: `false` when the server has hung up.
    @discardableResult
    func send(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        return Foundation.send(descriptor, bytes, bytes.count, CInt(MSG_NOSIGNAL)) == bytes.count
    }

    /// Everything until the server closes; `nil` when it does not within 20 s.
    ///
    /// Waits on a thread of its own.
    func readToEnd() async -> String? {
        await withCheckedContinuation { continuation in
            Thread { [descriptor] in continuation.resume(returning: Self.readToEnd(descriptor)) }.start()
        }
    }

    private static func readToEnd(_ descriptor: CInt) -> String? {
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count < 0, errno == EAGAIN { return nil }
            if count <= 0 { return String(decoding: all, as: UTF8.self) }
            all += buffer[..<count]
        }
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
