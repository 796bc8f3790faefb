import Foundation
import GatewaySimulator
import Messages
import Processes
import Synchronization
import TestServers
import Testing

extension EndToEnd {
    /// How people use `apctl run`, with the real stages.
    struct ApctlRunUseTests {
        /// The lines are in examples/; scripts/openai-batch wrote them with the types of OpenAI's own package.
        @Test(.timeLimit(.minutes(2)))
        func sendsWhatOpenAIsPackageWritesByteForByte() async throws {
            try await withApctl(script: { answer($0, at: ["/v1/responses", "/v1/moderations"]) }) { apctl in
                let input = apctl.repository.appending(path: "examples/openai-batch.jsonl")
                let process = try await apctl.start(input, [], gateway: ["--gateway", apctl.gateway.url + "/v1"])
                try await expectSuccess(of: process)
                // U+2028 ends no line of JSON.
                let lines = try String(contentsOf: input, encoding: .utf8).split(separator: "\n")
                #expect(lines.count >= 70)
                let results = try apctl.results()
                #expect(Set(results.compactMap { $0["custom_id"] as? String }).count == lines.count)
                #expect(
                    results.allSatisfy { ($0["response"] as? [String: Any])?["status_code"] as? Int == 200 })
                let sent = Set(apctl.gateway.requests().map { "\($0.path) \($0.text)" })
                for line in lines {
                    let url = try #require(line.firstMatch(of: /"url": "([^"]+)"/)?.1)
                    let body = try #require(line.firstRange(of: #""body": "#)?.upperBound)
                    #expect(sent.contains("\(url) \(line[body...].dropLast())"))
                }
            }
        }

        @Test(.timeLimit(.minutes(2)))
        func takesBaseAndKeyFromOpenAIsVariablesAndNothingFromThoseOfOtherStages() async throws {
            let paths = ["/openai/v1/chat/completions", "/openai/v1/completions"]
            try await withApctl(script: { answer($0, at: paths) }) { apctl in
                let input = try apctl.file("in.jsonl", [#"{"id":"a","payload":{"messages":[]}}"#, batchLine("b")])
                let process = try await apctl.start(
                    input, [], gateway: [],
                    environment: [
                        "OPENAI_BASE_URL": apctl.gateway.url + "/openai/v1", "OPENAI_API_KEY": "sk-never-shown",
                        "AP_MESSAGE_QUEUE_IMPL": "redis-pubsub", "AP_SQLITE_PATH": "/nowhere/queue.db",
                        "AP_LISTEN": "tcp://192.0.2.1:1", "AP_METRICS_PORT": "1", "AP_CONCURRENCY": "none",
                    ])
                try await expectSuccess(of: process)
                let requests = apctl.gateway.requests()
                #expect(requests.map(\.path).sorted() == paths)
                #expect(requests.allSatisfy { $0.header("Authorization") == "Bearer sk-never-shown" })
                let log = await process.logText()
                #expect(!log.contains("sk-never-shown"))
                #expect(log.contains("Left out, as apctl run takes no such variable: AP_CONCURRENCY, AP_LISTEN"))
            }
        }

        /// Nothing is lost by giving up: the same command goes on when the gateway is there.
        @Test(.timeLimit(.minutes(2)))
        func givesUpSoonOnAGatewayThatIsNotThereAndGoesOnLater() async throws {
            let port = UInt16(try freePort())
            let gateway = ["--gateway", "http://127.0.0.1:\(port)/v1"]
            try await withApctl { apctl in
                let input = try apctl.file("in.jsonl", (1...20).map { batchLine("b\($0)") })
                let begin = ContinuousClock.now
                let process = try await apctl.start(input, [], gateway: gateway)
                #expect(try await process.exitStatus(within: .seconds(20)) == 3)
                #expect(ContinuousClock.now - begin < .seconds(12))
                let log = await process.logText()
                #expect(log.contains("http://127.0.0.1:\(port)") && log.contains("refuses connections"))
                let simulator = try await GatewaySimulator.start(port: port)
                try await expectSuccess(of: try await apctl.start(input, [], gateway: gateway))
                #expect(try apctl.results().count == 20)
                await simulator.stop()
            }
        }

        /// Whoever sits at a terminal is asked; the gateway comes up while the question stands there.
        @Test(.timeLimit(.minutes(2)), arguments: [("n", 3 as CInt, 0), ("y", 0, 20)])
        func asksAtATerminalWhetherToWaitForTheGateway(answer: String, status: CInt, results: Int) async throws {
            let port = UInt16(try freePort())
            try await withApctl { apctl in
                _ = try apctl.file("in.jsonl", (1...20).map { batchLine("b\($0)") })
                try Self.terminal.write(
                    to: apctl.directory.appending(path: "terminal"), atomically: true, encoding: .utf8)
                let process = try await apctl.shell(
                    """
                    python3 terminal '\(answer)' $APCTL run in.jsonl --results out.jsonl \
                        --gateway http://127.0.0.1:\(port)/v1
                    """)
                try await eventually("the question", within: .seconds(30)) {
                    await process.logText().contains("[y/N]") ? true : nil
                }
                let simulator = try await GatewaySimulator.start(port: port)
                try "".write(to: apctl.directory.appending(path: "go"), atomically: true, encoding: .utf8)
                #expect(try await process.exitStatus(within: .seconds(60)) == status)
                #expect(try apctl.results().count == results)
                await simulator.stop()
            }
        }

        /// Runs a command at a terminal of its own, and answers its question once a file `go` is there.
        private static let terminal = """
            import os, pty, sys, time
            process, screen = pty.fork()
            if process == 0: os.execv(sys.argv[2], sys.argv[2:])
            shown, answered = b"", False
            while True:
                try: piece = os.read(screen, 4096)
                except OSError: break
                shown += piece
                os.write(1, piece)
                if b"[y/N]" in shown and not answered:
                    while not os.path.exists("go"): time.sleep(0.05)
                    os.write(screen, sys.argv[1].encode() + b"\\n")
                    answered = True
            sys.exit(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]))
            """

        @Test(.timeLimit(.minutes(2)))
        func readsStandardInputAndWritesStandardOutput() async throws {
            try await withApctl { apctl in
                _ = try apctl.file("in.jsonl", (1...50).map { batchLine("b\($0)") })
                let process = try await apctl.shell(
                    "gzip -c in.jsonl | $APCTL run - --gateway $GATEWAY --results - 2>errors | cat >out.jsonl")
                #expect(try await process.exitStatus(within: .seconds(60)) == 0)
                #expect(try Set(apctl.results().compactMap { $0["custom_id"] as? String }).count == 50)
                #expect(apctl.text("errors").contains("50 of 50 requests have their results"))
                #expect(try leftovers(apctl) == [])
            }
        }

        @Test(.timeLimit(.minutes(2)))
        func failedLinesAreSentAgainByTheSameCommand() async throws {
            let isBroken = Flag(true)
            let script: @Sendable (GatewayRequest) -> GatewayAnswer? = { request in
                isBroken.value && request.text.contains("odd") ? .response(404, headers: [], body: []) : nil
            }
            try await withApctl(script: script) { apctl in
                let lines = (1...20).map { batchLine("b\($0)", prompt: $0 % 2 == 0 ? "even" : "odd") }
                let input = try apctl.file("in.jsonl", lines)
                let first = try await apctl.start(input, [])
                #expect(try await first.exitStatus(within: .seconds(60)) == 1)
                #expect(await first.logText().contains("10 × HTTP 404"))
                isBroken.value = false
                try await expectSuccess(of: try await apctl.start(input, ["--retry-failed"]))
                let results = try apctl.results()
                #expect(Set(results.compactMap { $0["custom_id"] as? String }).count == 20)
                #expect(results.count == 20)
                #expect(apctl.gateway.requests().count == 30)
            }
        }

        /// The commands of docs/run.md, in their order.
        @Test(.timeLimit(.minutes(2)))
        func theCommandsOfThePageWork() async throws {
            try await withApctl { apctl in
                _ = try apctl.file("reviews.jsonl", (1...20).map { batchLine("b\($0)") })
                let page = try String(contentsOf: apctl.repository.appending(path: "docs/run.md"), encoding: .utf8)
                let blocks = page.matches(of: /```sh\n([^`]*)```/).map { String($0.1) }
                #expect(blocks.count == 4)
                let commands = blocks.joined()
                    .replacing("apctl run", with: "$APCTL run").replacing("http://my-gateway:8000", with: "$GATEWAY")
                let process = try await apctl.shell("set -e\n\(commands)")
                try await expectSuccess(of: process)
                for file in ["reviews.jsonl.results.jsonl", "answers.jsonl", "good.jsonl"] {
                    #expect(apctl.text(file).split(separator: "\n").count == 20, "\(file)")
                }
                #expect(apctl.text("bad.jsonl") == "")
                #expect(await process.logText().contains("0 of 20 lines have no good result"))
            }
        }

        /// Whoever should read the results does not: the feeder hangs in a write.
        @Test(.timeLimit(.minutes(2)))
        func obeysCtrlCWithinASecondWhenAFileHangs() async throws {
            try await withApctl { apctl in
                let pipe = apctl.output.path
                mkfifo(pipe, 0o600)
                let reader = open(pipe, O_RDONLY | O_NONBLOCK)
                defer { close(reader) }
                let input = try apctl.file("in.jsonl", (1...500).map { batchLine("b\($0)") })
                let process = try await apctl.start(input, [])
                try await eventually("all requests") { apctl.gateway.requests().count >= 500 ? true : nil }
                try await interruptTwice(process, saying: "Ctrl-C again gives it up")
            }
        }

        /// The second Ctrl-C ends it at once, however long the gateway would take.
        @Test(.timeLimit(.minutes(2)))
        func obeysCtrlCWithinASecondWhenTheGatewayHangs() async throws {
            try await withApctl(script: { _ in .silent }) { apctl in
                let input = try apctl.file("in.jsonl", [batchLine("a")])
                let process = try await apctl.start(input, [])
                try await eventually("the request") { apctl.gateway.requests().first }
                try await interruptTwice(process, saying: "Ctrl-C again gives it up")
            }
        }

        private func interruptTwice(_ process: StageProcess, saying text: String) async throws {
            try await process.signal(SIGINT)
            try await eventually("its answer") { await process.logText().contains(text) ? true : nil }
            // Another one within a second counts as the same.
            try await Task.sleep(for: .milliseconds(1100))
            let asked = ContinuousClock.now
            try await process.signal(SIGINT)
            #expect(try await process.exitStatus(within: .seconds(10)) == 2)
            #expect(ContinuousClock.now - asked < .seconds(1.5))
        }

        /// As cron may start it.
        @Test(.timeLimit(.minutes(2)))
        func worksWithoutStandardDescriptors() async throws {
            try await withApctl { apctl in
                _ = try apctl.file("in.jsonl", (1...5).map { batchLine("b\($0)") })
                let process = try await apctl.shell(
                    "$APCTL run in.jsonl --gateway $GATEWAY --results out.jsonl 0<&- 1>&- 2>&-")
                #expect(try await process.exitStatus(within: .seconds(60)) == 0)
                #expect(try apctl.results().count == 5)
            }
        }

        @Test(.timeLimit(.minutes(2)))
        func aFullDiskEndsItAndItGoesOnWhenThereIsRoom() async throws {
            try await withApctl { apctl in
                let input = try apctl.file("in.jsonl", (1...5).map { batchLine("b\($0)") })
                let link = apctl.output.path
                try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "/dev/full")
                let first = try await apctl.start(input, [])
                #expect(try await first.exitStatus(within: .seconds(60)) == 1)
                #expect(
                    await first.logText().contains("No space left on device. Make room and run the same command again"))
                try FileManager.default.removeItem(atPath: link)
                try await expectSuccess(of: try await apctl.start(input, []))
                #expect(try Set(apctl.results().compactMap { $0["custom_id"] as? String }).count == 5)
                #expect(apctl.gateway.requests().count <= 10)
            }
        }

        @Test(.timeLimit(.minutes(2)))
        func looksAtEverythingBeforeItIsSent() async throws {
            try await withApctl { apctl in
                let good = try apctl.file("good.jsonl", (1...5).map { batchLine("b\($0)") })
                let first = try await apctl.start(good, ["--check"])
                #expect(try await first.exitStatus(within: .seconds(30)) == 0)
                let report = await first.logText()
                #expect(report.contains("ok      the gateway answers, and serves food-review-1"))
                #expect(report.contains("ok      5 × POST \(apctl.gateway.url)/v1/completions"))
                let bad = try apctl.file(
                    "bad.jsonl",
                    [
                        "\u{FEFF}" + batchLine("a"), batchLine("a", model: "other"),
                        #"{"custom_id":"c","url":"/v1","body":{"stream":true}}"#, "{",
                    ])
                let second = try await apctl.start(bad, ["--check"])
                #expect(try await second.exitStatus(within: .seconds(30)) == 1)
                let troubles = await second.logText()
                for text in [
                    "problem line 3: stream is true", "problem line 4: not JSON", "line 2 with \"a\"",
                    "it does not serve other", "note    1 line begins with a byte order mark",
                ] {
                    #expect(troubles.contains(text), "\(troubles)")
                }
                #expect(apctl.gateway.requests().allSatisfy { $0.method == "GET" })
                #expect(try leftovers(apctl, but: ["good.jsonl", "bad.jsonl"]) == [])
                let nobody = try await apctl.start(good, ["--check"], gateway: ["--gateway", "http://127.0.0.1:1"])
                #expect(try await nobody.exitStatus(within: .seconds(30)) == 1)
                #expect(await nobody.logText().contains("Does the gateway run there"))
            }
        }

        /// What is in the folder besides what the test itself put there.
        private func leftovers(_ apctl: ApctlRun, but known: [String] = ["in.jsonl", "out.jsonl", "errors"]) throws
            -> [String]
        {
            try FileManager.default.contentsOfDirectory(atPath: apctl.directory.path)
                .filter { !known.contains($0) && !$0.hasSuffix(".log") }
        }
    }
}

/// A yes or no that several threads share.
private final class Flag: Sendable {
    private let stored: Mutex<Bool>
    init(_ value: Bool) { stored = Mutex(value) }
    var value: Bool {
        get { stored.withLock { $0 } }
        set { stored.withLock { $0 = newValue } }
    }
}

private func batchLine(_ id: String, prompt: String = "hi", model: String = "food-review-1") -> String {
    #"{"custom_id":"\#(id)","method":"POST","url":"/v1/completions","body":{"model":"\#(model)","prompt":"\#(prompt)"}}"#
}

/// An answer at paths that the simulator has none for.
private func answer(_ request: GatewayRequest, at paths: [String]) -> GatewayAnswer? {
    paths.contains(request.path) ? .response(200, headers: [], body: Array(#"{"id":"x"}"#.utf8)) : nil
}
