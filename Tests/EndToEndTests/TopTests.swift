import Foundation
import GatewaySimulator
import Processes
import TestServers
import Testing

extension EndToEnd {
    /// `apctl top` and real stages.
    struct TopTests {
        private static let stages = ["ingest", "dispatch", "retry", "emit"]

        /// Starts stages that work on more than they can do in the time of a test.
        private func withBusyStages(_ body: (Pipeline, [String: Int]) async throws -> Void) async throws {
            let redis = try await RedisServer()
            let ports = try Dictionary(uniqueKeysWithValues: Self.stages.map { ($0, try freePort()) })
            let settings = GatewaySettings(latency: .fixed(.milliseconds(20)), script: Faults.some)
            try await withGateway(settings) { gateway in
                let pipeline = try Pipeline(
                    queue: RedisSortedSetRun.flags(redis, gateway: gateway.completions),
                    flags: quickRetries + ["--concurrency", "4"], own: ports.mapValues { ["--metrics-port", "\($0)"] })
                try await withPipeline(pipeline) { pipeline in
                    let run = RedisSortedSetRun(redis: redis, gateway: gateway, pipeline: pipeline)
                    try run.submit(ids(20_000))
                    try await run.waitForResults(1)
                    try await body(pipeline, ports)
                }
            }
            redis.kill()
        }

        private func flags(_ ports: [String: Int]) -> [String] {
            ["--stages", ports.map { "\($0)=\($1)" }.joined(separator: ","), "--interval", "300ms"]
        }

        /// Where there is no terminal.
        @Test(.timeLimit(.minutes(2)))
        func printsRatesAndNamesTheStageThatIsKilled() async throws {
            try await withBusyStages { pipeline, ports in
                let top = StageProcess(
                    "top", executable: try builtExecutable("apctl"), arguments: ["top"] + flags(ports),
                    directory: pipeline.directory)
                try await top.start()
                func says(_ words: Regex<Substring>, _ what: String) async throws {
                    try await eventually(what, within: .seconds(30)) {
                        await top.logText().firstMatch(of: words)
                    }
                }
                let address = "127.0.0.1:\(ports["retry"] ?? 0)"
                try await says(/all 4 processes are ready/, "all are there")
                // What is leased, passes from ingest to dispatch and on to emit, and is settled.
                try await says(/\n +[1-9][0-9]*\/s +[1-9][0-9]*\/s +[1-9][0-9]*\/s +[1-9][0-9]*\/s\n/, "rates")
                try await says(/request-sortedset +[1-9][0-9],[0-9]{3} .*\n/, "what waits")
                try await says(/http:\/\/127\.0\.0\.1:[0-9]+ +.*reachable .* [1-9][0-9]* .* ms\n/, "the gateway")
                try await pipeline["retry"].signal(SIGKILL)
                try await eventually("retry is missed", within: .seconds(30)) {
                    let text = await top.logText()
                    return text.contains("3 of 4 processes are ready") && text.contains("retry 0/1")
                        && text.contains("retry \(address): no answer")
                        && text.contains("retry \(address) does not answer: connect: Connection refused") ? true : nil
                }
                try await pipeline["retry"].start()
                try await says(/retry [0-9.:]+ answers again, running for [0-9]+ s\n/, "it is back")
                try await top.signal(SIGTERM)
                #expect(try await top.exitStatus(within: .seconds(10)) == 0)
                #expect(!(await top.logText()).contains("\u{1B}"))
            }
        }

        @Test(.timeLimit(.minutes(1)))
        func endsAfterSoManyBlocks() throws {
            let nobody = try Self.stages.flatMap { ["--\($0)", "\(try freePort())"] }
            let top = try runToEnd(
                builtExecutable("apctl"), ["top", "--interval", "100ms", "--count", "2"] + nobody, withErrors: true)
            #expect(top.status == 0)
            #expect(top.output.components(separatedBy: "0 of 4 processes are ready").count == 3)
            #expect(top.output.contains("queue ─"))
        }

        /// What is lost is said: a disk may be full.
        @Test(
            .timeLimit(.minutes(1)),
            arguments: [["top", "--interval", "100ms", "--plain"], ["where", "a", "--stages-only"]])
        func failsWhenItsOutputIsNotTaken(command: [String]) throws {
            let nobody = try Self.stages.flatMap { ["--\($0)", "\(try freePort())"] }
            let shell = ["-c", "exec \"$@\" > /dev/full", "sh", try builtExecutable("apctl").path]
            let ended = try runToEnd(URL(filePath: "/bin/sh"), shell + command + nobody, withErrors: true)
            #expect(ended.output == "apctl: write to standard output: No space left on device\n")
            #expect(ended.status == (command[0] == "top" ? 1 : 2), "2: nobody could be asked")
        }

        @Test(.timeLimit(.minutes(2)))
        func keysChangeTheScreen() async throws {
            try await withBusyStages { pipeline, ports in
                let top = try TerminalRun(
                    [try builtExecutable("apctl").path, "top"] + flags(ports), environment: ["NO_COLOR": "1"])
                defer { top.end() }
                try await top.press("", andSee: "▶ ingest")
                try await top.press("j", andSee: "▶ dispatch")
                try await top.press("\r", andSee: "Link dispatch-retry, ipc://")
                #expect(top.output.contains("Esc back"))
                try await top.press("\u{1B}", andSee: "  ingest")
                try await top.press("s", andSee: "by trouble")
                try await top.press("p", andSee: "PAUSED")
                try await pipeline["emit"].signal(SIGKILL)
                try await top.press("p", andSee: "does not answer: connect: Connection refused")
                #expect(!top.output.contains("\u{1B}[31m"), "NO_COLOR is respected")
                try top.press("q")
                try await top.waitForEnd()
                #expect(top.status == "0")
                #expect(top.settings.before == top.settings.after)
            }
        }

        /// Whatever ends it: a key, the terminal's or another signal.
        @Test(.timeLimit(.minutes(1)), arguments: [("q", 0), ("\u{03}", 0), ("", SIGTERM), ("", SIGQUIT)])
        func givesTheTerminalBack(key: String, signal: Int32) async throws {
            let nobody = try Self.stages.flatMap { ["--\($0)", "\(try freePort())"] }
            let top = try TerminalRun([try builtExecutable("apctl").path, "top"] + nobody)
            defer { top.end() }
            try await top.press("", andSee: "0 of 4 processes are ready")
            #expect(top.output.contains("\u{1B}[?1049h"))
            #expect(top.output.contains("\u{1B}[31m"), "what is severe is red")
            if key.isEmpty { kill(try #require(top.processIdentifier), signal) } else { try top.press(key) }
            try await top.waitForEnd()
            #expect(top.status == "0")
            #expect(!top.settings.before.isEmpty && top.settings.before == top.settings.after)
            let last = try #require(top.output.components(separatedBy: "\u{1B}[?1049h").last)
            #expect(last.hasSuffix("\u{1B}[?7h\u{1B}[?25h\u{1B}[?1049l"))
        }
    }
}
