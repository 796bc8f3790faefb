import Foundation
import Glibc
import Redis
import Synchronization

/// A real Prometheus on a free loopback port that looks at its targets some times a second; ended when it is released.
package final class PrometheusServer: Sendable {
    /// Something of which it reads `/metrics`.
    package struct Target: Sendable {
        /// Of the loopback address.
        let port: Int
        /// What it adds to everything that it reads there.
        let labels: [String: String]

        package init(port: Int, labels: [String: String] = [:]) {
            self.port = port
            self.labels = labels
        }

        fileprivate var entry: String {
            let labels = labels.sorted { $0.key < $1.key }.map { "\"\($0)\": \"\($1)\"" }.joined(separator: ", ")
            return "{targets: [\"127.0.0.1:\(port)\"], labels: {\(labels)}}"
        }
    }

    package let port: Int
    private let folder: String
    private let process = Mutex<pid_t?>(nil)

    /// Starts it; returns when it answers.
    ///
    /// - Parameter target: the port of the loopback address whose `/metrics` it reads.
    package convenience init(target: Int) async throws {
        try await self.init(targets: [Target(port: target)], every: "200ms")
    }

    /// Starts it; returns when it answers.
    ///
    /// - Parameters:
    ///   - interval: between two looks at a target, and the most that it waits for an answer.
    ///   - rules: the path of a file of rules, evaluated as often.
    package init(targets: [Target], every interval: String, rules: String? = nil) async throws {
        port = try freePort()
        folder = FileManager.default.temporaryDirectory.path + "/prometheus-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let settings = """
            global: {scrape_interval: \(interval), scrape_timeout: \(interval), evaluation_interval: \(interval)}
            rule_files: [\(rules.map { "\"\($0)\"" } ?? "")]
            scrape_configs:
              - job_name: test
                honor_labels: true
                static_configs: [\(targets.map(\.entry).joined(separator: ", "))]
            """
        try settings.write(toFile: "\(folder)/prometheus.yml", atomically: true, encoding: .utf8)
        try await start()
    }

    deinit {
        kill()
        try? FileManager.default.removeItem(atPath: folder)
    }

    package var url: String { "http://127.0.0.1:\(port)" }

    /// Starts it (again) on the same port; returns when it answers.
    package func start() async throws {
        let id = try startProgram([
            "prometheus", "--config.file=\(folder)/prometheus.yml", "--storage.tsdb.path=\(folder)/data",
            "--web.listen-address=127.0.0.1:\(port)", "--log.level=error",
        ])
        process.withLock { $0 = id }
        let end = ContinuousClock.now + .seconds(30)
        while ContinuousClock.now < end {
            if await isReady() { return }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw ServerFailure(operation: "start prometheus", reason: "no answer on port \(port) for 30 s")
    }

    /// Ends it at once and waits until it is gone.
    package func kill() {
        guard let id = process.withLock({ $0.take() }) else { return }
        endProgram(id, SIGKILL)
    }

    /// Stops it in its tracks, as a machine that hangs; `kill` still ends it.
    package func freeze() { process.withLock { id in _ = id.map { Glibc.kill($0, SIGSTOP) } } }

    /// Lets it go on after `freeze`.
    package func thaw() { process.withLock { id in _ = id.map { Glibc.kill($0, SIGCONT) } } }

    private func isReady() async -> Bool {
        let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        defer { close(descriptor) }
        guard withLoopback(port, { connect(descriptor, $0, $1) == 0 }) else { return false }
        var limit = timeval(tv_sec: 2, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        let question = Array("GET /-/ready HTTP/1.0\r\n\r\n".utf8)
        guard send(descriptor, question, question.count, CInt(MSG_NOSIGNAL)) == question.count else {
            return false
        }
        var answer = [UInt8](repeating: 0, count: 64)
        let count = recv(descriptor, &answer, answer.count, 0)
        return count > 12 && String(decoding: answer[..<count], as: UTF8.self).contains(" 200 ")
    }
}
