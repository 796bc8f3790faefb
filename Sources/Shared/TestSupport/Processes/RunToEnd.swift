package import Foundation

/// How a program ended that was run to its end.
package struct Ended {
    package let status: Int32
    /// What it wrote to standard output, and to standard error if that was asked for.
    package let output: String
}

/// Runs a program to its end, with nothing on standard input.
///
/// - Parameters:
///   - environment: all that it has; that of the tests if there is none.
///   - withErrors: whether what it writes to standard error is part of its output; elsewise it goes where that of the tests
///     goes.
/// - Throws: if it cannot be started.
package func runToEnd(
    _ program: URL, _ arguments: [String], environment: [String: String]? = nil, withErrors: Bool = true
) throws -> Ended {
    let process = Process()
    let pipe = Pipe()
    process.executableURL = program
    process.arguments = arguments
    if let environment { process.environment = environment }
    process.standardOutput = pipe
    if withErrors { process.standardError = pipe }
    process.standardInput = FileHandle.nullDevice
    try withNoSignalBlocked { try process.run() }
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return Ended(status: process.terminationStatus, output: String(decoding: data, as: UTF8.self))
}
