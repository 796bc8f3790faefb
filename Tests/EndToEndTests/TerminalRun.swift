import Foundation
import Processes

/// A shell command on a terminal of its own, which script(1) provides: keys go in, and what is written there comes out.
final class TerminalRun: Sendable {
    private let folder: URL
    private let process = Process()
    private let keys = Pipe()

    /// - Parameters:
    ///   - program: Executable and arguments; nothing in them may need quotes but spaces.
    ///   - environment: Of the program, beside that of this process.
    init(
        _ program: [String], columns: Int = 90, rows: Int = 40, environment: [String: String] = [:]
    ) throws {
        folder = try temporaryDirectory()
        let program = program.map { "'\($0)'" }.joined(separator: " ")
        let commands = [
            // Ctrl-C goes to the shell, too, which has something left to do.
            "trap : INT", "stty cols \(columns) rows \(rows)", "stty -g > before",
            "sh -c 'echo $$ > pid; exec \"$@\"' sh \(program)", "echo $? > status", "stty -g > after",
        ]
        let script = folder.appending(path: "commands")
        try commands.map { $0 + "\n" }.joined().write(to: script, atomically: true, encoding: .utf8)
        let output = folder.appending(path: "output")
        _ = FileManager.default.createFile(atPath: output.path, contents: nil)
        process.executableURL = URL(filePath: "/usr/bin/script")
        process.arguments = ["--quiet", "--flush", "--command", "sh commands", "/dev/null"]
        process.currentDirectoryURL = folder
        process.environment = ProcessInfo.processInfo.environment.merging(["TERM": "xterm"]) { $1 }
            .merging(environment) { $1 }
        process.standardInput = keys
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = process.standardOutput
        try withNoSignalBlocked { try process.run() }
    }

    /// All that was written so far, with the codes that move the cursor.
    var output: String { text("output") }

    /// The settings of the terminal before the program and after it, as stty(1) writes them; the program's exit status.
    var settings: (before: String, after: String) { (text("before"), text("after")) }
    var status: String { text("status") }
    var processIdentifier: Int32? { Int32(text("pid")) }

    func press(_ text: String) throws { try keys.fileHandleForWriting.write(contentsOf: Data(text.utf8)) }

    /// Presses keys, if any, and waits for what is to be seen then.
    func press(_ text: String, andSee words: String) async throws {
        let before = output.count
        try press(text)
        try await eventually("\(words) on the screen: \(output.suffix(3000))", within: .seconds(20)) {
            output.dropFirst(before).contains(words) ? true : nil
        }
    }

    /// Waits until the program has ended and said so.
    func waitForEnd() async throws {
        try await eventually("its end: \(output.suffix(3000))", within: .seconds(20)) {
            text("after").isEmpty || process.isRunning ? nil : true
        }
    }

    func end() {
        if let processIdentifier, text("status").isEmpty { kill(processIdentifier, SIGKILL) }
        if process.isRunning { process.terminate() }
        try? FileManager.default.removeItem(at: folder)
    }

    private func text(_ name: String) -> String {
        let data = FileManager.default.contents(atPath: folder.appending(path: name).path) ?? Data()
        return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .newlines)
    }
}
