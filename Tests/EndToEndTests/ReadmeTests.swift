import Foundation
import Processes
import TestServers
import Testing

extension EndToEnd {
    /// The README's commands, taken from the README.
    struct ReadmeTests {
        @Test(.timeLimit(.minutes(2)))
        func startsTheStagesAndAnswersTheMessageOfTheReadme() async throws {
            let redis = try await RedisServer()
            let shell = try Shell(redisPort: redis.port)
            for port in [30080, 5557, 5558, 5559, 5566, 5567, 5568, 9091, 9092, 9093, 9094] {
                try #require(shell.isFree(port), "the README's commands need port \(port), which something else has")
            }
            let stages = try shell.start(block("stages"), environment: ["AP_REDIS_ADDR": "127.0.0.1:\(redis.port)"])
            let subscriber = try shell.start(block("subscribe"))
            try await eventually("both channels have a subscriber") {
                let counts = try capture(
                    "/usr/bin/redis-cli", ["-p", "\(redis.port)", "PUBSUB", "NUMSUB", "request-queue", "result-queue"])
                return counts.split(separator: "\n").filter { $0 == "1" }.count == 2 ? true : nil
            }
            let publisher = try shell.start(block("publish"))
            do {
                try await eventually("the result") {
                    try subscriber.output().contains(#""id":"testmsg","status_code":200"#) ? true : nil
                }
            } catch {
                Issue.record("\(error)\n\(try stages.output())")
            }
            for running in [publisher, subscriber, stages] { running.end() }
            redis.kill()
        }

        @Test(.timeLimit(.minutes(1)))
        func runsTheSQLOfTheQueuesPage() async throws {
            let page = try String(contentsOf: repository().appending(path: "docs/queues.md"), encoding: .utf8)
            let block = try #require(page.firstMatch(of: /```sql\n(INSERT[^;]*;)\n(SELECT[^;]*;)\n```/))
            try await withRun([]) { run in
                try run.queue.execute(String(block.1))
                try await run.waitForResults(1)
                let rows = try run.queue.rows(String(block.2))
                #expect(rows.map(\.id) == ["a"])
                #expect(rows.first?.body.contains(#""status_code":200"#) == true)
            }
        }

        @Test
        func namesOnlyFilesThatExist() throws {
            let root = repository()
            let readme = try String(contentsOf: root.appending(path: "README.md"), encoding: .utf8)
            let paths = readme.matches(of: /`((?:Sources|docs|compose|examples|scripts)\/[^` ]+)`/).map { String($0.1) }
            #expect(paths.count > 5)
            for path in paths {
                #expect(FileManager.default.fileExists(atPath: root.appending(path: path).path), "\(path)")
            }
        }

        /// Whoever searches a log for what a page quotes of it finds it.
        @Test
        func quotesOnlyLogLinesThatTheProgramsWrite() throws {
            let root = repository()
            let readme = try String(contentsOf: root.appending(path: "README.md"), encoding: .utf8)
            let section = try #require(readme.firstRange(of: "## When something is stuck"))
            let operations = try String(contentsOf: root.appending(path: "docs/operations.md"), encoding: .utf8)
            let text = (readme[section.lowerBound...] + operations).split(whereSeparator: \.isWhitespace)
                .joined(separator: " ")
            let quotes = Set(text.matches(of: /"([A-Z][a-z]* [a-z][^":{}]+)"/).map { String($0.1) })
            #expect(quotes.count > 4)
            let sources = try sources(root.appending(path: "Sources"))
            for quote in quotes { #expect(sources.contains("\"\(quote)"), "\(quote)") }
        }

        /// The text of all Swift files below a folder.
        private func sources(_ folder: URL) throws -> String {
            let files =
                FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)?
                .compactMap { $0 as? URL } ?? []
            return try files.filter { $0.pathExtension == "swift" }
                .map { try String(contentsOf: $0, encoding: .utf8) }.joined()
        }

        /// The shell commands below `<!-- test: name -->`.
        private func block(_ name: String) throws -> String {
            let readme = try String(contentsOf: repository().appending(path: "README.md"), encoding: .utf8)
            guard let mark = readme.firstRange(of: "<!-- test: \(name) -->\n```sh\n"),
                let end = readme[mark.upperBound...].firstRange(of: "```")
            else { throw ProcessFailure("the README has no block \(name)") }
            return String(readme[mark.upperBound..<end.lowerBound])
        }

        private func repository() -> URL {
            URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        }
    }
}

/// Runs commands as a reader types them: where they say `.build/release/`, this build is used, and `redis-cli` talks to
/// the test's server.
private struct Shell {
    private let directory: URL

    init(redisPort: Int) throws {
        directory = try temporaryDirectory()
        let wrapper = directory.appending(path: "redis-cli")
        try "#!/bin/sh\nexec /usr/bin/redis-cli -p \(redisPort) \"$@\"\n"
            .write(to: wrapper, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: wrapper.path)
    }

    func start(_ commands: String, environment: [String: String] = [:]) throws -> Running {
        let built = try builtExecutable("apctl").deletingLastPathComponent().path
        let output = directory.appending(path: "\(UInt32.random(in: 0 ... .max)).out")
        _ = FileManager.default.createFile(atPath: output.path, contents: nil)
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", commands.replacing(".build/release/", with: built + "/") + "\nwait"]
        process.environment = ProcessInfo.processInfo.environment
            .merging(["PATH": directory.path + ":/usr/bin:/bin"]) { $1 }.merging(environment) { $1 }
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = process.standardOutput
        process.standardInput = FileHandle.nullDevice
        try process.run()
        return Running(process: process, file: output)
    }

    func isFree(_ port: Int) -> Bool {
        let listening = try? capture("/bin/sh", ["-c", "cat /proc/net/tcp"])
        let suffix = String(format: ":%04X", port)
        return !(listening ?? "").split(separator: "\n").contains { line in
            let fields = line.split(separator: " ")
            return fields.count > 3 && fields[1].hasSuffix(suffix) && fields[3] == "0A"
        }
    }

    struct Running {
        fileprivate let process: Process
        fileprivate let file: URL

        func output() throws -> String { try String(contentsOf: file, encoding: .utf8) }

        /// Ends the shell and everything it has started: Foundation gives it a process group of its own.
        func end() { kill(-process.processIdentifier, SIGKILL) }
    }
}
