import Foundation
import Processes
import Testing

/// The four stages as real processes, over ipc endpoints in a folder of their own.
struct Pipeline: Sendable {
    let directory: URL
    private let stages: [String: StageProcess]
    /// Tests count how many requests a dispatch has at once, so that it has as many as it is told.
    private static let environment = ["AP_SLACK": "off"]

    /// - Parameters:
    ///   - queue: flags that name the queue, such as `--message-queue-impl sqlite …`.
    ///   - dispatches: how many dispatch processes; named `dispatch`, `dispatch2` …
    ///   - flags: further flags, for all stages.
    ///   - own: further flags by the name of the process.
    ///   - environment: of all stages, beside that of this process.
    ///   - ownEnvironment: of single processes, by name.
    ///   - endpoints: replaces an endpoint that senders connect to, by the name of the process (a proxy in between).
    init(
        queue: [String], dispatches: Int = 1, ingests: Int = 1, emits: Int = 1, flags: [String] = [],
        own: [String: [String]] = [:], environment: [String: String] = [:],
        ownEnvironment: [String: [String: String]] = [:], endpoints: [String: String] = [:]
    ) throws {
        directory = try temporaryDirectory()
        let folder = directory
        func endpoint(_ name: String) -> String { endpoints[name] ?? "ipc://\(folder.path)/\(name)" }
        func names(_ kind: String, _ count: Int) -> [String] {
            (1...count).map { $0 == 1 ? kind : "\(kind)\($0)" }
        }
        let peers = [
            "--dispatch", names("dispatch", dispatches).map(endpoint).joined(separator: ","),
            "--retry", endpoint("retry"),
            "--emit", names("emit", emits).map(endpoint).joined(separator: ","),
        ]
        var stages: [String: StageProcess] = [:]
        for (kind, count) in [("ingest", ingests), ("dispatch", dispatches), ("retry", 1), ("emit", emits)] {
            for name in names(kind, count) {
                var arguments = queue + peers + ["--metrics-port", "0", "--drain-timeout", "20"]
                if kind != "ingest" { arguments += ["--listen", "ipc://\(folder.path)/\(name)"] }
                if kind != "emit" { arguments += ["--acks", "ipc://\(folder.path)/\(name).acks"] }
                arguments += own[name] ?? []
                stages[name] = StageProcess(
                    name, executable: try builtExecutable(kind), arguments: arguments + flags,
                    environment: Self.environment.merging(environment) { $1 }.merging(
                        ownEnvironment[name] ?? [:]
                    ) { $1 }, directory: folder)
            }
        }
        self.stages = stages
    }

    subscript(name: String) -> StageProcess {
        get throws { try #require(stages[name], "no stage \(name)") }
    }

    var names: [String] { stages.keys.sorted() }

    func start() async throws {
        for stage in stages.values { try await stage.start() }
    }

    /// Waits until every process has said so often that it has started: before, SIGTERM simply ends it.
    func waitUntilStarted(times: Int = 1) async throws {
        for (name, stage) in stages {
            try await eventually("\(name) is up") {
                await stage.logText().components(separatedBy: ": Started ").count > times ? true : nil
            }
        }
    }

    /// Waits until each process has said its text in its log.
    func waitUntilSaid(_ sayings: [(name: String, text: String)], within limit: Duration) async throws {
        for (name, text) in sayings {
            try await eventually("\(name) says: \(text)", within: limit) {
                await (try self[name]).logText().contains(text) ? true : nil
            }
        }
    }

    /// Sends a signal to all at once.
    func signal(_ signal: Int32) async throws {
        for stage in stages.values { try await stage.signal(signal) }
    }

    /// Kills what still runs, and shows the logs if the test has failed.
    func end() async {
        for stage in stages.values { await stage.end() }
        try? FileManager.default.removeItem(at: directory)
    }

    /// The ends of all logs, for the text of a failure.
    func logs() async -> String {
        var text = ""
        for name in names {
            let log = await stages[name]?.logText() ?? ""
            text += "--- \(name)\n" + log.split(separator: "\n").suffix(15).joined(separator: "\n") + "\n"
        }
        return text
    }
}

/// Starts a pipeline, runs `body`, and ends every process.
func withPipeline(_ pipeline: Pipeline, _ body: (Pipeline) async throws -> Void) async throws {
    do {
        try await pipeline.start()
        try await body(pipeline)
    } catch {
        Issue.record("\(error)\n\(await pipeline.logs())")
    }
    await pipeline.end()
}

/// A new folder directly below the system's temporary folder: paths of ipc endpoints are limited to 107 bytes.
func temporaryDirectory() throws -> URL {
    let url = URL(filePath: "/tmp/ap-test-\(UInt32.random(in: 0 ... .max))")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    return url
}

/// Asks until the answer is there.
///
/// - Parameter what: what is waited for; made when it has not come, so that it may tell how things stand then.
/// - Throws: when `limit` has passed.
@discardableResult
func eventually<T>(
    _ what: @autoclosure () throws -> String, within limit: Duration = .seconds(60), _ answer: () async throws -> T?
) async throws -> T {
    let deadline = ContinuousClock.now + limit
    while true {
        if let answer = try await answer() { return answer }
        guard ContinuousClock.now < deadline else { throw ProcessFailure("not within \(limit): \(try what())") }
        try await Task.sleep(for: .milliseconds(20))
    }
}
