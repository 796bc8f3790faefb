import Foundation
import Messages
import Subprocess
import SystemPackage
import Testing

@testable import Apctl

/// The executable itself, with shell scripts in the places of the stages; the test does their work.
struct ProcessTests {
    @Test(.timeLimit(.minutes(1)))
    func theSimulatedGatewayEndsWithStatusZeroWhenToldTo() async throws {
        try await withFolderAsync { folder in
            let run = try await start(["gateway-sim", "--port", "0"], output: folder.path + "/log") { id in
                let url = try await wait { folder.text("log").split(separator: " ").last { $0.hasPrefix("http") } }
                let address = try #require(HTTPAddress(url.trimmingCharacters(in: .newlines) + "/health"))
                #expect(try HTTPGet.fetch(address, timeout: .seconds(5)).status == 200)
                kill(id, SIGTERM)
            }
            #expect(run == .exited(0))
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func theSimulatedGatewayWritesItsReportToTheEnd() async throws {
        try await withFolderAsync { folder in
            let report = folder.path + "/report.jsonl"
            let arguments = [
                "gateway-sim", "--port", "0", "--token-time", "1ms", "--online", "steps:50,50,1s,1s", "--report",
                report,
                "--report-every", "50ms",
            ]
            let run = try await start(arguments, output: folder.path + "/log") { id in
                _ = try await wait { folder.text("report.jsonl").split(separator: "\n").count > 3 ? true : nil }
                kill(id, SIGTERM)
            }
            #expect(run == .exited(0))
            let lines = folder.text("report.jsonl").split(separator: "\n")
            #expect(lines.dropLast().allSatisfy { $0.hasPrefix(#"{"second":"#) })
            #expect(lines.last?.hasPrefix(#"{"summary":{"seconds":"#) == true)
            let none = try await start(
                ["gateway-sim", "--port", "0", "--token-time", "1ms", "--report", folder.path + "/no/report"],
                output: folder.path + "/log"
            ) { _ in }
            #expect(none == .exited(1))
            #expect(folder.text("log").contains("create \(folder.path)/no/report: No such file or directory"))
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func aRunEndsWithStatusZeroWhenEveryLineHasItsResult() async throws {
        try await withFolderAsync { folder in
            let paths = try prepare(folder, lines: 30)
            let status = try await start(arguments(folder), output: folder.path + "/log") { _ in
                try await settleAll(paths)
            }
            #expect(status == .exited(0))
            #expect(folder.text("log").contains("30 of 30 requests have their results, 0 of them failures"))
            #expect(!Files.exists(paths.state))
            #expect(ids(folder) == (1...30).map { "r\($0)" })
            #expect(stageIDs(folder).allSatisfy { !isAlive($0) })
        }
    }

    /// Killed in the middle, again and again: nothing is lost, nothing is doubled, no stage stays behind.
    @Test(.timeLimit(.minutes(1)))
    func aRunThatIsKilledGoesOnWhereItStopped() async throws {
        try await withFolderAsync { folder in
            let paths = try prepare(folder, lines: 400)
            for round in 1...3 {
                let status = try await start(arguments(folder), output: folder.path + "/log") { id in
                    try await waitForStages(folder, paths)
                    try Stages(paths).settle(limit: 60 + round)
                    try await Task.sleep(for: .milliseconds(7 * round))
                    kill(id, SIGKILL)
                }
                #expect(status == .signaled(SIGKILL))
                _ = try await wait { stageIDs(folder).allSatisfy { !isAlive($0) } ? true : nil }
            }
            #expect(Files.exists(paths.identity))
            let status = try await start(arguments(folder), output: folder.path + "/log") { _ in
                try await settleAll(paths)
            }
            #expect(status == .exited(0))
            #expect(ids(folder).count == 400)
            #expect(Set(ids(folder)).count == 400)
        }
    }

    @Test(.timeLimit(.minutes(1)), arguments: [SIGINT, SIGTERM])
    func aSignalDrainsAndSaysHowToGoOn(signal: Int32) async throws {
        try await withFolderAsync { folder in
            let paths = try prepare(folder, lines: 10)
            let status = try await start(arguments(folder), output: folder.path + "/log") { id in
                try await waitForStages(folder, paths)
                try Stages(paths).settle(limit: 4)
                kill(id, signal)
            }
            #expect(status == .exited(2))
            #expect(folder.text("log").contains("Finishing what has been sent to the gateway. Ctrl-C again"))
            #expect(folder.text("log").contains("4 of 10 requests have their results"))
            #expect(folder.text("log").contains("run the same command again"))
            #expect(ids(folder).count == 4)
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func aStageThatCrashesIsStartedAgain() async throws {
        try await withFolderAsync { folder in
            let paths = try prepare(folder, lines: 2)
            let status = try await start(arguments(folder), output: folder.path + "/log") { _ in
                try await waitForStages(folder, paths)
                let first = try #require(stageID(folder, "dispatch"))
                kill(first, SIGKILL)
                _ = try await wait { stageID(folder, "dispatch") != first ? true : nil }
                try await settleAll(paths)
            }
            #expect(status == .exited(0))
            #expect(folder.text("log").contains("dispatch ended with signal 9 and is started again"))
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func aStageThatRefusesItsSettingsEndsTheRun() async throws {
        try await withFolderAsync { folder in
            let paths = try prepare(folder, lines: 2)
            chmod(folder.file("emit", "#!/bin/sh\necho 'no such flag' >&2\nexit 64\n"), 0o755)
            let status = try await start(arguments(folder), output: folder.path + "/log") { _ in }
            #expect(status == .exited(64))
            #expect(
                folder.text("log").contains(
                    "emit does not accept its settings; its log is \(paths.log(of: "emit"))\n  no such flag"))
            #expect(folder.text("out.jsonl.state/emit.log") == "no such flag\n")
        }
    }

    /// Somebody is to write to the pipe, and does not.
    @Test(.timeLimit(.minutes(1)))
    func aSignalEndsARunThatStillReadsItsInput() async throws {
        try await withFolderAsync { folder in
            let pipe = folder.path + "/pipe"
            mkfifo(pipe, 0o600)
            let command = ["run", pipe, "--results", folder.path + "/out.jsonl"]
            let status = try await start(command, output: folder.path + "/log") { id in
                let writer = try await wait {
                    let writer = open(pipe, O_WRONLY | O_NONBLOCK)
                    return writer >= 0 ? writer : nil
                }
                kill(id, SIGINT)
                _ = try await wait { kill(id, 0) != 0 || isZombie(id) ? true : nil }
                close(writer)
            }
            #expect(status == .exited(2))
        }
    }

    /// The test is dispatch's status endpoint; the stage itself does nothing.
    @Test(.timeLimit(.minutes(1)))
    func aGatewayThatIsOfNoUseFromTheBeginningEndsTheRunWithItsReason() async throws {
        try await withFolderAsync { folder in
            let paths = try prepare(folder, lines: 3)
            let script =
                "#!/bin/sh\necho $$ > \(folder.path)/dispatch.id\necho \"$@\" > \(folder.path)/flags\nexec sleep 600\n"
            chmod(folder.file("dispatch", script), 0o755)
            let status = try await start(arguments(folder), output: folder.path + "/log") { _ in
                let port = try await wait {
                    folder.text("flags").firstMatch(of: /--metrics-port (\d+)/).flatMap { UInt16($0.1) }
                }
                try StatusStandIn.serve(
                    #"{"gateways":[{"origin":"http://gpu","state":"unauthorised","reason":"401; see --token-file"}]}"#,
                    port: port)
            }
            #expect(status == .exited(3))
            #expect(folder.text("log").contains("The gateway refuses the token (http://gpu): 401; see --token-file\n"))
            #expect(folder.text("log").contains("run the same command again"))
            #expect(Files.exists(paths.identity))
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func aMissingExecutableIsNamed() async throws {
        try await withFolderAsync { folder in
            _ = try prepare(folder, lines: 1)
            try Files.remove(folder.path + "/retry")
            let status = try await start(arguments(folder), output: folder.path + "/log") { _ in }
            #expect(status == .exited(64))
            #expect(folder.text("log").contains("there is no executable \(folder.path)/retry"))
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func aRunThatCannotMakeItsFilesHasNotStarted() async throws {
        try await withFolderAsync { folder in
            _ = try prepare(folder, lines: 1)
            let command = ["run", folder.path + "/in.jsonl", "--results", folder.path + "/missing/out.jsonl"]
            let status = try await start(command, output: folder.path + "/log") { _ in }
            #expect(status == .exited(64))
            #expect(folder.text("log").contains("/missing/out.jsonl.state: No such file or directory"))
        }
    }

    // MARK: Help

    /// An input, and stages that only say who they are.
    private func prepare(_ folder: Folder, lines: Int) throws -> RunPaths {
        let text = (1...lines).map { "{\"id\":\"r\($0)\",\"payload\":{}}\n" }.joined()
        for name in StageCommands.names {
            let script = folder.file(name, "#!/bin/sh\necho $$ > \(folder.path)/\(name).id\nexec sleep 600\n")
            chmod(script, 0o755)
        }
        return RunPaths(input: folder.file("in.jsonl", text), output: folder.path + "/out.jsonl")
    }

    private func arguments(_ folder: Folder) -> [String] {
        ["run", folder.path + "/in.jsonl", "--results", folder.path + "/out.jsonl", "--stages", folder.path]
    }

    /// Runs apctl, and returns how it ended.
    private func start(
        _ arguments: [String], output: String, _ body: (pid_t) async throws -> Void
    ) async throws -> TerminationStatus {
        let log = try FileDescriptor.open(
            output, .writeOnly, options: [.create, .truncate], permissions: .ownerReadWrite)
        defer { try? log.close() }
        return try await Subprocess.run(
            .path(FilePath(Self.executable)), arguments: Arguments(arguments),
            environment: .inherit.updating(["TMPDIR": folder(of: output)]), input: .none,
            output: .fileDescriptor(log, closeAfterSpawningProcess: false),
            error: .fileDescriptor(log, closeAfterSpawningProcess: false)
        ) { execution in
            do {
                try await body(execution.processIdentifier.value)
            } catch {
                kill(execution.processIdentifier.value, SIGKILL)
                throw error
            }
        }.terminationStatus
    }

    /// A killed run leaves its endpoints behind, here where the test removes them.
    private func folder(of path: String) -> String { path.split(separator: "/").dropLast().map { "/" + $0 }.joined() }

    /// The executable beside the tests: named after its product, or its target when built without products.
    static let executable: String = {
        let folder = CommandLine.arguments[0].split(separator: "/").dropLast().joined(separator: "/")
        return ["apctl", "Apctl"].map { "/\(folder)/\($0)" }.first { access($0, X_OK) == 0 } ?? "apctl"
    }()

    private func settleAll(_ paths: RunPaths) async throws {
        _ = try await wait { Files.exists(paths.identity) ? true : nil }
        let stages = try Stages(paths)
        while Files.exists(paths.identity) {
            do {
                try stages.settle(limit: 100)
            } catch {
                // The run has its results, and removes its database.
                _ = try await wait { Files.exists(paths.identity) ? nil : true }
            }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    private func waitForStages(_ folder: Folder, _ paths: RunPaths) async throws {
        let isUp = { StageCommands.names.allSatisfy { stageID(folder, $0).map(isAlive) ?? false } }
        _ = try await wait { isUp() && Files.exists(paths.identity) ? true : nil }
        let stages = try Stages(paths)
        _ = try await wait { try stages.hasRequests() ? true : nil }
    }

    private func stageID(_ folder: Folder, _ name: String) -> pid_t? {
        pid_t(folder.text("\(name).id").trimmingCharacters(in: .newlines))
    }

    private func stageIDs(_ folder: Folder) -> [pid_t] { StageCommands.names.compactMap { stageID(folder, $0) } }

    private func isZombie(_ id: pid_t) -> Bool {
        (try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8))?.contains(") Z ") ?? true
    }

    private func isAlive(_ id: pid_t) -> Bool { kill(id, 0) == 0 }

    private func ids(_ folder: Folder) -> [String] {
        folder.text("out.jsonl").split(separator: "\n").compactMap { Outcome(Array($0.utf8)[...])?.id }
    }

    /// Looks again and again; the test's time limit ends it.
    private func wait<T>(_ look: () throws -> T?) async throws -> T {
        while true {
            if let found = try look() { return found }
            try await Task.sleep(for: .milliseconds(5))
        }
    }
}

extension Stages {
    /// Whether something is there to lease.
    func hasRequests() throws -> Bool { try openRequests() > 0 }
}

/// Answers every request on a loopback port with the same JSON, until the process ends.
private enum StatusStandIn {
    static func serve(_ body: String, port: UInt16) throws {
        let listener = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let isBound = withUnsafeBytes(of: &address) { bytes in
            bytes.withMemoryRebound(to: sockaddr.self) { bind(listener, $0.baseAddress, socklen_t(bytes.count)) == 0 }
        }
        try #require(isBound && listen(listener, 16) == 0)
        let answer = Array("HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)".utf8)
        Thread.detachNewThread {
            while true {
                let connection = accept(listener, nil, nil)
                if connection < 0 { return }
                var request = [UInt8](repeating: 0, count: 4096)
                _ = read(connection, &request, request.count)
                _ = send(connection, answer, answer.count, CInt(MSG_NOSIGNAL))
                close(connection)
            }
        }
    }
}
