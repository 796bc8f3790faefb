import ArgumentParser
import Glibc

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
            input (apctl run - < /dev/null) it goes on with what came through the pipe before. Other settings of the stages come from the environment: \
            AP_REQUEST_TIMEOUT, AP_GATEWAY_TOKEN_FILE and so on, as in `dispatch --help`.

            Exit status: 0 when every line has its result, 1 when some have none, 64 when something must be put right.
            """
    )

    @Argument(help: "File of requests, one a line; - for standard input.") var requests: String
    @Option(help: "URL of the gateway; without a path, /v1/completions is meant.")
    var gateway = "http://localhost:30080/v1/completions"
    @Option(help: "File for the results. (default: REQUESTS.jsonl.results.jsonl, for - stdin.results.jsonl)")
    var results: String?
    @Option(help: "Requests at the gateway at once.") var concurrency = 8
    @Option(help: "Time a request has when it names no deadline: 90s, 30m, 24h, 7d.") var deadline = TimeSpan(
        seconds: 86400)
    @Option(help: "Folder of the executables of the stages. (default: where apctl is)") var stages: String?
    @Flag(help: "Show the first results as a table at the end.") var table = false

    func validate() throws {
        if !(1...65536).contains(concurrency) { throw ValidationError("--concurrency is from 1 to 65536.") }
        if Self.fullURL(gateway) == nil { throw ValidationError("--gateway \(gateway) is not an http or https URL.") }
    }

    /// The gateway's URL with a path; `nil` when it is no URL.
    static func fullURL(_ gateway: String) -> String? {
        guard let scheme = ["http://", "https://"].first(where: { gateway.hasPrefix($0) }) else { return nil }
        let rest = gateway.dropFirst(scheme.count)
        let host = rest.prefix { $0 != "/" && $0 != "?" }
        guard !host.isEmpty, !gateway.contains(where: \.isWhitespace) else { return nil }
        let path = rest.dropFirst(host.count)
        return path.isEmpty || path == "/" ? "\(scheme)\(host)/v1/completions" : gateway
    }

    func run() async throws {
        do {
            try await go()
        } catch let error as RunError {
            Console.error("apctl run: \(error)\n")
            throw ExitCode(error.exitCode)
        }
    }

    private func go() async throws {
        let paths = RunPaths(input: requests, output: results)
        guard let own = Self.ownPath else { throw RunError.system("readlink /proc/self/exe") }
        let ownFolder = own.lastIndex(of: "/").map { String(own[..<$0]) } ?? "."
        let store = RunStore(paths, deadline: deadline.duration)
        let started = Clock.monotonic
        let before = try await store.open()
        let sockets = try SocketFolder(record: paths.sockets)
        defer { sockets.remove() }
        let commands = StageCommands(
            folder: stages ?? ownFolder, sockets: sockets.path, paths: paths,
            gateway: Self.fullURL(gateway) ?? gateway, concurrency: concurrency)
        let control = RunControl()
        let supervisor = Supervisor(try commands.all(), launcher: own) { control.say($0) }
        let ending = try await Runner(store: store, supervisor: supervisor, control: control)
            .run(display: ProgressDisplay())
        let done = ending.state.done - before.done
        try await finish(ending, store, paths, done: done, seconds: Clock.monotonic - started)
    }

    private func finish(
        _ ending: Runner.Ending, _ store: RunStore, _ paths: RunPaths, done: Int, seconds: Double
    ) async throws {
        let state = ending.state
        if let failure = ending.failure, !state.isComplete { Console.error("apctl run: \(failure)\n") }
        if table { Console.out(try ResultTable(path: paths.output).text(columns: Console.outColumns ?? 100) + "\n") }
        let rate = seconds > 0 ? (Double(done) / seconds * 10).rounded() / 10 : 0
        Console.out(
            """
            \(state.done) of \(state.total) requests have their results, \(state.failures) of them failures; \
            \(done) in \((seconds * 10).rounded() / 10) s (\(rate)/s). Results: \(paths.output)

            """)
        if state.isComplete { return try await store.removeState() }
        Console.error("To go on where this stopped, run the same command again. Logs of the stages: \(paths.state)\n")
        throw ExitCode.failure
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
