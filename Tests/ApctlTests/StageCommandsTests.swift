import Glibc
import Testing

@testable import Apctl

struct StageCommandsTests {
    @Test
    func eachStageGetsTheLinksThatAreItsOwn() throws {
        try withFolder { folder in
            for name in StageCommands.names { chmod(folder.file(name, ""), 0o755) }
            let paths = RunPaths(input: "in", output: folder.path + "/out")
            try Files.makeFolder(paths.state)
            let access = GatewayAccess(
                address: try GatewayAddress("http://me:secret@g/v1/completions"), key: "sk-secret",
                caCertificate: "/ca.pem")
            let commands = try StageCommands(
                folder: folder.path, sockets: "/s", paths: paths, gateway: access, concurrency: 16, maxAttempts: 3,
                tap: "tcp://127.0.0.1:1", statusPort: 7, environment: ["A": "b"]
            ).all()
            #expect(commands.map(\.name) == ["emit", "retry", "dispatch", "ingest"])
            #expect(commands.map(\.log) == ["emit", "retry", "dispatch", "ingest"].map { "\(paths.state)/\($0).log" })
            let common = ["--message-queue-impl", "sqlite", "--sqlite.path", paths.queue]
            #expect(commands.allSatisfy { Array($0.arguments.prefix(common.count)) == common })
            let own = commands.map { $0.arguments.dropFirst(common.count).joined(separator: " ") }
            #expect(
                own == [
                    "--metrics-port 0 --listen ipc:///s/emit",
                    "--metrics-port 0 --listen ipc:///s/retry --emit ipc:///s/emit --acks ipc:///s/retry-acks "
                        + "--max-attempts 3",
                    "--metrics-port 7 --listen ipc:///s/dispatch --retry ipc:///s/retry --emit ipc:///s/emit "
                        + "--acks ipc:///s/dispatch-acks --concurrency 16 --gateway-token-file \(paths.token) "
                        + "--tls-ca-cert /ca.pem --tap tcp://127.0.0.1:1",
                    "--metrics-port 0 --dispatch ipc:///s/dispatch --acks ipc:///s/ingest-acks",
                ])
            let environment = ["A": "b", "AP_SQLITE_INFERENCE_GATEWAY": "http://me:secret@g/v1/completions"]
            #expect(commands.allSatisfy { $0.environment == environment })
            #expect(!commands.contains { $0.arguments.joined().contains("secret") })
            #expect(folder.text("out.state/token") == "sk-secret")
        }
    }

    @Test
    func theStateStandsBesideTheResults() {
        let paths = RunPaths(input: "a/reviews.jsonl", output: nil)
        #expect(paths.output == "a/reviews.jsonl.results.jsonl")
        #expect(paths.state == "a/reviews.jsonl.results.jsonl.state")
        #expect(RunPaths(input: "a", output: "b/c").state == "b/c.state")
    }

    @Test
    func whatAKilledRunLeftInItsFolderIsRemoved() throws {
        try withFolder { folder in
            let record = folder.path + "/sockets"
            let first = try SocketFolder(record: record)
            let second = try SocketFolder(record: record)
            #expect(first.path != second.path)
            #expect(!Files.exists(first.path))
            #expect(Files.exists(second.path))
            second.remove()
            #expect(!Files.exists(second.path))
        }
    }

    @Test
    func anEndpointFitsASocketsPath() throws {
        try withFolder { folder in
            for name in StageCommands.names { chmod(folder.file(name, ""), 0o755) }
            let commands = try StageCommands(
                folder: folder.path, sockets: "/s", paths: RunPaths(input: "in", output: "out"),
                gateway: GatewayAccess(address: GatewayAddress("http://g/v1")), concurrency: 1
            ).all()
            let links = commands.flatMap(\.arguments).filter { $0.hasPrefix("ipc:///s/") }
            #expect(links.map { $0.dropFirst("ipc:///s/".count).count }.max() == StageCommands.longestLink.count)
        }
        let long = "/tmp/" + String(repeating: "x", count: 80)
        let error = #expect(throws: RunError.self) {
            try SocketFolder(record: "/tmp/no-such-record", parent: long)
        }
        #expect(error?.exitCode == 64)
        #expect(error?.description.hasPrefix("TMPDIR is too long: ") == true)
    }

    @Test(arguments: [
        ("-", "/dev/stdin", "stdin.results.jsonl"), ("/dev/stdin", "/dev/stdin", "stdin.results.jsonl"),
        ("/dev/fd/63", "/dev/fd/63", "63.results.jsonl"), ("/tmp/pipe", "/tmp/pipe", "/tmp/pipe.results.jsonl"),
    ])
    func resultsOfAPipeStandInTheCurrentFolder(input: String, path: String, output: String) {
        let paths = RunPaths(input: input, output: nil)
        #expect(paths.input == path)
        #expect(paths.output == output)
        #expect(RunPaths(input: input, output: "o").output == "o")
    }
}
