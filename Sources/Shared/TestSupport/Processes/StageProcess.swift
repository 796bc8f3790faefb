package import Foundation

/// A real executable, started with arguments that stay the same over restarts.
///
/// Its standard error goes to a file, whose end is part of every failure's text.
package actor StageProcess {
    package nonisolated let name: String
    private let executable: URL
    private let arguments: [String]
    private let environment: [String: String]
    private let log: URL
    private var process: Process?

    /// - Parameter directory: where the log goes, as `<name>.log`.
    package init(
        _ name: String, executable: URL, arguments: [String], environment: [String: String] = [:], directory: URL
    ) {
        self.name = name
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
        log = directory.appending(path: "\(name).log")
    }

    package func start() throws {
        if !FileManager.default.fileExists(atPath: log.path) {
            _ = FileManager.default.createFile(atPath: log.path, contents: nil)
        }
        let output = try FileHandle(forWritingTo: log)
        try output.seekToEnd()
        let process = Process()
        process.executableURL = executable
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardOutput = output
        process.standardError = output
        try withNoSignalBlocked { try process.run() }
        self.process = process
    }

    package var processIdentifier: Int32? { process?.processIdentifier }
    package var isRunning: Bool { process?.isRunning ?? false }

    /// Sends a signal; SIGKILL also waits until the process is gone.
    package func signal(_ signal: Int32) async throws {
        guard let process, process.isRunning else { return }
        kill(process.processIdentifier, signal)
        if signal == SIGKILL { _ = try await exitStatus(within: .seconds(10)) }
    }

    /// Waits for the process to end.
    ///
    /// - Returns: its exit status, or 128 + the signal that ended it.
    package func exitStatus(within limit: Duration) async throws -> Int32 {
        guard let process else { throw ProcessFailure("\(name) was not started") }
        let deadline = ContinuousClock.now + limit
        while process.isRunning {
            guard ContinuousClock.now < deadline else {
                throw ProcessFailure("\(name) still runs after \(limit)\n\(logTail())")
            }
            try await Task.sleep(for: .milliseconds(10))
        }
        return process.terminationStatus + (process.terminationReason == .uncaughtSignal ? 128 : 0)
    }

    /// Kills the process if it runs.
    package func end() async {
        try? await signal(SIGCONT)
        try? await signal(SIGKILL)
    }

    /// CPU time it has used so far.
    ///
    /// Source: proc(5), fields 14 and 15 of stat, in clock ticks.
    package func cpuTime() throws -> Duration {
        guard let pid = processIdentifier else { throw ProcessFailure("\(name) was not started") }
        let stat = try String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
        let fields = stat[(stat.lastIndex(of: ")") ?? stat.startIndex)...].split(separator: " ")
        guard fields.count > 13, let user = Int(fields[12]), let system = Int(fields[13]) else {
            throw ProcessFailure("cannot read /proc/\(pid)/stat: \(stat)")
        }
        return .milliseconds((user + system) * 1000 / sysconf(Int32(_SC_CLK_TCK)))
    }

    package func logText() -> String { (try? String(contentsOf: log, encoding: .utf8)) ?? "" }

    private func logTail() -> String { logText().split(separator: "\n").suffix(20).joined(separator: "\n") }
}

/// Runs `body` with no signal blocked on this thread.
///
/// Swift's worker threads block signals, and a process inherits that from the thread that starts it: it would never
/// hear SIGTERM.
package func withNoSignalBlocked(_ body: () throws -> Void) rethrows {
    var none = sigset_t()
    var before = sigset_t()
    sigemptyset(&none)
    pthread_sigmask(SIG_SETMASK, &none, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    try body()
}

/// What a test's processes did wrong.
package struct ProcessFailure: Error, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}

/// Where the executables of this build are: beside the test bundle.
package func builtExecutable(_ name: String) throws -> URL {
    for argument in CommandLine.arguments where argument.contains(".xctest") {
        let url = URL(filePath: argument).deletingLastPathComponent().appending(path: name)
        if FileManager.default.isExecutableFile(atPath: url.path) { return url }
    }
    let beside = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
    let url = beside.appending(path: name)
    guard FileManager.default.isExecutableFile(atPath: url.path) else {
        throw ProcessFailure("no executable \(name) beside the tests; arguments: \(CommandLine.arguments)")
    }
    return url
}
