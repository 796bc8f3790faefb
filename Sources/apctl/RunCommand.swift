import ArgumentParser
import Foundation
import Queue

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Send every line of a file to a gateway, and write every answer to another file.",
        usage: "apctl run REQUESTS.jsonl [options]",
        discussion: """
            Starts the four stages on this machine with the embedded queue. A line is a request as on the queues, \
            {"id":…,"payload":{…}}, or a line of OpenAI's batch format, {"custom_id":…,"method":"POST","url":…,"body":{…}}, \
            which is answered in that format. What comes through a pipe (- or /dev/stdin) is read to its end first. \
            Results come in the order of completion. Interrupted, the same command goes on where it stopped; without \
            input (apctl run - < /dev/null) it goes on with what came through the pipe before.

            Of the stages' variables these have a meaning here, as `dispatch --help` and `retry --help` tell it: \
            \((StageEnvironment.taken + StageEnvironment.ofOptions).joined(separator: ", ")). All others that begin with \
            AP_ are left out.

            Exit status: 0 when every line has a good answer; 1 when some failed, or have no result because a stage or the \
            disk does not do its part; 2 when it was stopped by a signal before the end; 3 when the gateway is of no use; \
            64 when it cannot start: wrong usage, a file that is not as it should be, a setting that a stage refuses. \
            After 1 (no result), 2 and 3 the same command goes on; --retry-failed sends failed requests again.
            """
    )

    @Argument(help: "File of requests, one a line; - for standard input.") var requests: String
    @OptionGroup(title: "Gateway") var gateway: GatewayOptions
    @Option(
        help: """
            File for the results; - for standard output. (default: REQUESTS.jsonl.results.jsonl, for - \
            stdin.results.jsonl)
            """)
    var results: String?
    @Option(help: "File for the results of requests that failed. (default: they stand among the results)")
    var errors: String?
    @Flag(help: "Send those lines of an earlier run again that failed; their results take the place of the failures.")
    var retryFailed = false
    @Flag(help: "Wait for a gateway that is of no use from the beginning, however long; do not ask, do not give up.")
    var keepGoing = false
    @Option(help: "Requests at the gateway at once.") var concurrency = 8
    @Option(help: "Time a request has when it names no deadline: 90s, 30m, 24h, 7d.") var deadline = TimeSpan(
        seconds: 86400)
    @Option(
        help: "Attempts after which a request is given up; 0 for no limit. (default: $AP_MAX_ATTEMPTS, without it 0)")
    var maxAttempts: Int?
    @Option(help: "Publish a copy of what passes dispatch here, for apctl tap: tcp://127.0.0.1:5572.") var tap: String?
    @Option(help: "Folder of the executables of the stages. (default: where apctl is)") var stages: String?
    @Flag(help: "Show the first results as a table at the end.") var table = false
    @Flag(help: "Look at the lines, the gateway, its models and the token, send nothing, and report; exit 0 or 1.")
    var check = false

    func validate() throws {
        if !(1...65536).contains(concurrency) { throw ValidationError("--concurrency is from 1 to 65536.") }
        if let maxAttempts, maxAttempts < 0 { throw ValidationError("--max-attempts is 0 or more.") }
        let isStream = RunPaths(input: requests, output: results).isOutputStream
        if isStream, table || retryFailed {
            throw ValidationError("--table and --retry-failed read the results: name a file with --results.")
        }
        if errors == "-" { throw ValidationError("--errors needs the name of a file.") }
        if check, requests == "-" || requests == "/dev/stdin" {
            throw ValidationError("--check needs a file: what comes through a pipe can be read only once.")
        }
        _ = try gateway.access(ProcessInfo.processInfo.environment)
    }

    func run() async throws {
        do {
            if check { try await look() } else { try await go() }
        } catch let error as RunError {
            Console.error("apctl run: \(error)\n")
            throw ExitCode(error.exitCode)
        } catch let error as QueueError {
            Console.error("apctl run: \(error)\n")
            throw ExitCode(RunExit.someFailed.rawValue)
        }
    }

    /// Files and queue, with the exit status of a run that could not start where they cannot be used.
    private func open(_ store: RunStore) async throws -> RunStore.State {
        do {
            return try await store.open()
        } catch let error as QueueError {
            throw RunError("\(error)")
        } catch var error as RunError {
            error.exitCode = RunExit.cannotStart.rawValue
            throw error
        }
    }

    private func look() async throws {
        let paths = RunPaths(input: requests, output: results, errors: errors)
        let access = try gateway.access(ProcessInfo.processInfo.environment)
        var input = InputCheck(gateway: access.address)
        let survey = try InputSurvey(path: paths.input) { input.look(at: $0, number: $1) }
        var report = CheckReport()
        report.add(input, survey, path: paths.input)
        report.add(await GatewayCheck.ask(access), of: access, models: input.models)
        report.add(paths, onlyFailed: retryFailed)
        report.add(stagesIn: try stageFolder)
        Console.out(report.text)
        if report.problems > 0 { throw ExitCode(RunExit.someFailed.rawValue) }
    }

    private var stageFolder: String {
        get throws(RunError) {
            if let stages { return stages }
            guard let own = Self.ownPath else { throw .system("readlink /proc/self/exe") }
            return own.lastIndex(of: "/").map { String(own[..<$0]) } ?? "."
        }
    }

    private func go() async throws {
        Self.endOnSignals()
        let paths = RunPaths(input: requests, output: results, errors: errors)
        guard let own = Self.ownPath else { throw RunError.system("readlink /proc/self/exe") }
        let access = try gateway.access(ProcessInfo.processInfo.environment)
        let environment = StageEnvironment(ProcessInfo.processInfo.environment)
        let store = RunStore(
            paths, deadline: deadline.duration, gateway: access.address, onlyFailed: retryFailed)
        let started = Clock.monotonic
        let before = try await open(store)
        let sockets = try SocketFolder(record: paths.sockets)
        defer { sockets.remove() }
        let port = GatewayWatch.freePort()
        let commands = StageCommands(
            folder: try stageFolder, sockets: sockets.path, paths: paths, gateway: access, concurrency: concurrency,
            maxAttempts: maxAttempts, tap: tap, statusPort: port, environment: environment.variables)
        defer { unlink(paths.token) }
        let control = RunControl()
        if !environment.leftOut.isEmpty {
            control.say("Left out, as apctl run takes no such variable: \(environment.leftOut.joined(separator: ", "))")
        }
        let supervisor = Supervisor(try commands.all(), launcher: own) { control.say($0) }
        let runner = Runner(
            store: store, supervisor: supervisor, control: control, watch: GatewayWatch(port: port),
            keepsGoing: keepGoing)
        let ending = try await runner.run()
        Self.endOnSignals()
        let summary = RunSummary(
            ending: ending, paths: paths, done: ending.state.done - before.done, seconds: Clock.monotonic - started)
        if table { Console.out(try ResultTable(path: paths.output).text(columns: Console.outColumns ?? 100) + "\n") }
        // The results have standard output to themselves.
        if paths.isOutputStream { Console.error(summary.text) } else { Console.out(summary.text) }
        if ending.state.isComplete { try await store.removeState() } else { Console.error(summary.advice) }
        if summary.exit != .allAnswered { throw ExitCode(summary.exit.rawValue) }
    }

    /// While there is nothing to finish: before the stages run, and after.
    private static func endOnSignals() {
        for number in [SIGINT, SIGTERM] { signal(number) { _ in _exit(RunExit.stopped.rawValue) } }
    }

    /// The executable that runs.
    private static var ownPath: String? {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = buffer.withUnsafeMutableBytes { bytes in
            bytes.withMemoryRebound(to: CChar.self) { chars in
                chars.baseAddress.map { readlink("/proc/self/exe", $0, chars.count) } ?? -1
            }
        }
        return count > 0 ? String(decoding: buffer.prefix(count), as: UTF8.self) : nil
    }
}
