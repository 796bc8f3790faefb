import Foundation
import Processes
import TestServers
import Testing

extension EndToEnd {
    /// What surrounds a stage cannot end it: closed descriptors, signals, a log that nobody reads, strangers on its ports.
    struct SurroundingsTests {
        private static let stages = ["ingest", "dispatch", "retry", "emit"]

        @Test(.timeLimit(.minutes(1)), arguments: stages)
        func runsWithoutStandardDescriptors(stage: String) async throws {
            let port = try freePort()
            let shell = ["-c", #"exec "$@" <&- >&- 2>&-"#, "sh", try builtExecutable(stage).path]
            try await withShell(shell + lonely(stage, metrics: port)) { process in
                try await isHealthy(port)
                let pid = try #require(await process.processIdentifier)
                for descriptor in 0...2 {
                    let file = try FileManager.default.destinationOfSymbolicLink(
                        atPath: "/proc/\(pid)/fd/\(descriptor)")
                    #expect(file == "/dev/null")
                }
            }
        }

        @Test(.timeLimit(.minutes(1)), arguments: stages)
        func drainsOnlyWhenItIsAskedTo(stage: String) async throws {
            let port = try freePort()
            try await withProcess(stage, lonely(stage, metrics: port)) { process in
                try await isHealthy(port)
                let signals = [
                    SIGHUP, SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGIO, SIGPIPE, SIGTTOU, SIGTTIN, SIGPWR,
                    SIGXCPU, SIGXFSZ, 34, 64,
                ]
                for signal in signals + signals { try await process.signal(signal) }
                try await isHealthy(port)
                try await eventually("it says so") {
                    await process.logText().contains("is ignored signal=\(SIGUSR2)") ? true : nil
                }
                let log = await process.logText()
                #expect(log.ranges(of: "A signal that means nothing here").count == 3)
                // Said twice by whoever stops it.
                try await process.signal(SIGTERM)
                try await process.signal(SIGINT)
                #expect(try await process.exitStatus(within: .seconds(20)) == 0)
            }
        }

        @Test(.timeLimit(.minutes(1)))
        func neitherStopsNorHangsWhenNobodyReadsItsLog() async throws {
            let port = try freePort()
            let pipe = Pipe()
            let writing = pipe.fileHandleForWriting
            // Full before it starts.
            _ = fcntl(writing.fileDescriptor, F_SETFL, O_NONBLOCK)
            let page = [UInt8](repeating: 0x78, count: 4096)
            while write(writing.fileDescriptor, page, page.count) > 0 {}
            _ = fcntl(writing.fileDescriptor, F_SETFL, 0)
            let process = Process()
            process.executableURL = try builtExecutable("retry")
            process.arguments = try lonely("retry", metrics: port) + ["--log-level", "trace"]
            process.standardError = writing
            try withNoSignalBlocked { try process.run() }
            defer { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }
            try await isHealthy(port)
            process.terminate()
            try await eventually("it has ended", within: .seconds(20)) { process.isRunning ? nil : true }
            #expect(process.terminationStatus == 0)
            #expect(process.terminationReason == .exit)
        }

        @Test(.timeLimit(.minutes(1)), arguments: ["status", "link"])
        func survivesThatItsDescriptorsAreUsedUp(place: String) async throws {
            let (status, link) = (try freePort(), try freePort())
            let shell = ["-c", #"ulimit -n 60; exec "$@""#, "sh", try builtExecutable("retry").path]
            let flags = try lonely("retry", metrics: status, listen: link)
            try await withShell(shell + flags) { process in
                try await isHealthy(status)
                var strangers: [Stranger] = []
                for _ in 0..<100 { strangers.append(Stranger(port: place == "status" ? status : link)) }
                for _ in 0..<3 { try await isHealthy(status) }
                if place == "link" {
                    try await eventually("it says so") {
                        await process.logText().contains("No file descriptor is left") ? true : nil
                    }
                }
                strangers = []
                if place == "link" {
                    try await eventually("it says that it is over", within: .seconds(20)) {
                        await process.logText().contains("There are file descriptors again") ? true : nil
                    }
                }
                try await isHealthy(status)
                try await process.signal(SIGTERM)
                #expect(try await process.exitStatus(within: .seconds(20)) == 0)
            }
        }

        private func isHealthy(_ port: Int) async throws {
            try await eventually("it answers on its status port", within: .seconds(20)) {
                let url = try #require(URL(string: "http://127.0.0.1:\(port)/healthz"))
                let answer = try? String(contentsOf: url, encoding: .utf8)
                return answer == #"{"status":"ok"}"# + "\n" ? true : nil
            }
        }

        private func withShell(_ arguments: [String], _ body: (StageProcess) async throws -> Void) async throws {
            let folder = try temporaryDirectory()
            let process = StageProcess(
                "sh", executable: URL(filePath: "/bin/sh"), arguments: arguments, directory: folder)
            try await process.start()
            do {
                try await body(process)
            } catch {
                await process.end()
                throw error
            }
            await process.end()
            try FileManager.default.removeItem(at: folder)
        }

        /// Flags of a stage that has no peers and no queue server.
        private func lonely(_ stage: String, metrics: Int, listen: Int? = nil) throws -> [String] {
            var flags = ["--metrics-port", "\(metrics)", "--redis.addr", "127.0.0.1:\(try freePort())"]
            if stage != "ingest" { flags += ["--listen", "tcp://127.0.0.1:\(listen.map(String.init) ?? "*")"] }
            if stage != "emit" { flags += ["--acks", "tcp://127.0.0.1:*"] }
            for peer in ["dispatch", "retry", "emit"] { flags += ["--\(peer)", "tcp://127.0.0.1:\(try freePort())"] }
            return flags
        }
    }
}

/// Somebody who connects and says nothing.
private final class Stranger {
    private let descriptor: CInt

    init(port: Int) {
        descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        _ = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    deinit { close(descriptor) }
}
