import Glibc
import Synchronization

/// Google's Pub/Sub emulator on a free loopback port; ended when it is released.
///
/// It keeps everything in memory: topics, subscriptions and messages end with it. Whoever wants it away for a while
/// freezes it. What is due passes by the clock all the same: leases that ran out in that time are over when it goes on.
package final class GooglePubSubEmulator: Sendable {
    /// Where Google's package puts it: outside of the path.
    private static let program = path(
        of: "/usr/lib/google-cloud-sdk/platform/pubsub-emulator/bin/cloud-pubsub-emulator",
        orInPath: "cloud-pubsub-emulator")

    package static var isInstalled: Bool { program != nil }

    /// Why tests with it are left out where it is not installed.
    package static let hint = "the Pub/Sub emulator is missing (Google's package google-cloud-cli-pubsub-emulator)"

    package let port: Int
    private let process: Mutex<pid_t?>

    /// Starts it; returns when it answers.
    package init() async throws {
        guard let program = Self.program else {
            throw ServerFailure(operation: "start the Pub/Sub emulator", reason: Self.hint)
        }
        port = try freePort()
        // A shell script at first; it becomes java by exec, so that this is java's own number.
        process = Mutex(try startProgram([program, "--host=127.0.0.1", "--port=\(port)"]))
        try await answers(within: .seconds(60))
    }

    deinit { kill() }

    /// What `PUBSUB_EMULATOR_HOST` must say to lead clients here.
    package var address: String { "127.0.0.1:\(port)" }

    /// `nil` when it has been ended.
    package var processIdentifier: Int32? { process.withLock(\.self) }

    /// A connection for one thread.
    package func connect(limit: Duration = .seconds(10)) -> GooglePubSubSession {
        GooglePubSubSession(port: port, limit: limit)
    }

    /// Ends it at once, with all it holds, and waits until it is gone.
    package func kill() {
        guard let id = process.withLock({ $0.take() }) else { return }
        endProgram(id, SIGKILL)
    }

    /// Stops it in its tracks, as a machine that hangs; `kill` still ends it.
    package func freeze() { signal(SIGSTOP) }

    package func thaw() { signal(SIGCONT) }

    private func signal(_ signal: CInt) { process.withLock { id in _ = id.map { Glibc.kill($0, signal) } } }

    /// Waits until it has answered a first call, which takes it longer than any later one.
    private func answers(within limit: Duration) async throws {
        let end = ContinuousClock.now + limit
        let session = connect(limit: .seconds(5))
        while ContinuousClock.now < end {
            if (try? session.topics()) != nil { return }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw ServerFailure(operation: "start the Pub/Sub emulator", reason: "no answer on port \(port) for \(limit)")
    }
}

private func path(of known: String, orInPath name: String) -> String? {
    if access(known, X_OK) == 0 { return known }
    let folders = getenv("PATH").map { String(cString: $0) } ?? ""
    return folders.split(separator: ":").map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
}
