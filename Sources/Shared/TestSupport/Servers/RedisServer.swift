import Foundation
import Glibc
package import Redis
import Synchronization

/// A real redis-server on a free loopback port and a Unix socket, with a folder of its own; ended when it is released.
package final class RedisServer: Sendable {
    package let host: String
    package let port: Int
    /// Its data, and the Unix socket `redis.sock`.
    package let folder: String
    private let arguments: [String]
    private let password: String
    private let process = Mutex<pid_t?>(nil)

    /// - Parameters:
    ///   - appendOnly: whether every write is on disk before it is answered, so that `kill` loses nothing.
    ///   - password: of the default user; empty for none.
    ///   - arguments: more of redis-server's options.
    ///   - host: the loopback address it listens on.
    ///   - port: a free one if `nil`.
    package init(
        appendOnly: Bool = false, password: String = "", host: String = "127.0.0.1", port: Int? = nil,
        arguments: [String] = []
    ) async throws {
        self.host = host
        self.port = try port ?? freePort()
        folder = FileManager.default.temporaryDirectory.path + "/redis-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        self.password = password
        self.arguments =
            [
                "--port", "\(self.port)", "--bind", host, "--dir", folder, "--unixsocket", "redis.sock", "--save", "",
                "--appendonly", appendOnly ? "yes" : "no", "--appendfsync", "always", "--loglevel", "warning",
            ] + (password.isEmpty ? [] : ["--requirepass", password]) + arguments
        try await start()
    }

    deinit {
        kill()
        try? FileManager.default.removeItem(atPath: folder)
    }

    package var url: RedisURL { RedisURL(.tcp(host: host, port: port), password: password) }

    package var socketURL: RedisURL { RedisURL(.unix(path: folder + "/redis.sock"), password: password) }

    /// `nil` while it is not running.
    package var processIdentifier: Int32? { process.withLock(\.self) }

    /// Starts it (again), on the same port, with what it has on disk; returns when it answers.
    package func start() async throws {
        let id = try startProgram(["redis-server"] + arguments)
        process.withLock { $0 = id }
        let end = ContinuousClock.now + .seconds(60)
        var lastError: RedisError?
        repeat {
            try await Task.sleep(for: .milliseconds(5))
            do throws(RedisError) { return try greet() } catch { lastError = error }
        } while ContinuousClock.now < end && isAlive(id)
        let state = isAlive(id) ? "it runs" : "it has ended"
        throw RedisError(
            operation: "start redis-server",
            reason: "no answer on port \(port), and \(state); the last attempt: \(lastError?.description ?? "none")",
            kind: .connection)
    }

    /// Ends it the polite way and waits until it is gone.
    package func stop() { end(SIGTERM) }

    /// Ends it at once and waits until it is gone.
    package func kill() { end(SIGKILL) }

    /// Stops it in its tracks, as a machine that hangs; `kill` still ends it.
    package func freeze() { process.withLock { id in _ = id.map { Glibc.kill($0, SIGSTOP) } } }

    /// Lets it go on after `freeze`.
    package func thaw() { process.withLock { id in _ = id.map { Glibc.kill($0, SIGCONT) } } }

    package func restart() async throws {
        stop()
        try await start()
    }

    /// Asks briefly: whoever waits here keeps one of few threads from all other tests.
    private func greet() throws(RedisError) {
        let brief = RedisTimeouts(connect: .milliseconds(500), command: .milliseconds(500))
        let reply = try RedisConnection(url, timeouts: brief).send(RedisCommand("PING"))
        guard reply == .status("PONG") else {
            throw RedisError(operation: "PING", reason: "the answer was \(reply)", kind: .connection)
        }
    }

    private func end(_ signal: CInt) {
        guard let id = process.withLock({ $0.take() }) else { return }
        endProgram(id, signal)
    }
}
