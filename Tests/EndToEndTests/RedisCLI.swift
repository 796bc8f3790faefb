import Foundation
import Processes

/// The `redis-cli` of the system, which is what users type.
struct RedisCLI: Sendable {
    private let port: Int
    private let directory: URL

    init(port: Int) throws {
        self.port = port
        directory = try temporaryDirectory()
    }

    /// Runs one command and returns what it printed, without the line break at the end.
    func run(_ arguments: String...) throws -> String {
        let running = try start(arguments)
        running.process.waitUntilExit()
        return try running.output().trimmingCharacters(in: .newlines)
    }

    /// Starts a command that goes on, such as `SUBSCRIBE`.
    func start(_ arguments: String...) throws -> Running { try start(arguments) }

    private func start(_ arguments: [String]) throws -> Running {
        let output = directory.appending(path: "\(UInt32.random(in: 0 ... .max)).out")
        _ = FileManager.default.createFile(atPath: output.path, contents: nil)
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/redis-cli")
        process.arguments = ["-p", "\(port)"] + arguments
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = process.standardOutput
        process.standardInput = FileHandle.nullDevice
        try process.run()
        return Running(process: process, file: output)
    }

    /// A command that runs, and what it has printed so far.
    struct Running: Sendable {
        fileprivate let process: Process
        fileprivate let file: URL

        func output() throws -> String { try String(contentsOf: file, encoding: .utf8) }
        func end() { kill(process.processIdentifier, SIGKILL) }
    }
}

/// Runs a program to its end and returns what it printed on standard output.
func capture(_ program: String, _ arguments: [String]) throws -> String {
    try runToEnd(URL(filePath: program), arguments, withErrors: false).output
}
