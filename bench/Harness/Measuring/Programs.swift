package import Foundation
import Glibc
package import Processes

/// Where a program of the system is: in the path, or where servers are kept.
package func installedProgram(_ name: String) throws(ProcessFailure) -> URL {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
    for folder in folders + ["/usr/sbin", "/usr/local/sbin"] {
        let path = "\(folder)/\(name)"
        if access(path, X_OK) == 0 { return URL(filePath: path) }
    }
    throw ProcessFailure("\(name) is not installed: make setup")
}

/// Runs a program to its end.
///
/// - Returns: what it wrote to its standard output.
package func output(of program: URL, _ arguments: [String]) throws -> String {
    let process = Process()
    let pipe = Pipe()
    process.executableURL = program
    process.arguments = arguments
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    try process.run()
    let bytes = try pipe.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
        throw ProcessFailure("\(program.lastPathComponent) ended with \(process.terminationStatus)")
    }
    return String(decoding: bytes, as: UTF8.self)
}

/// Runs `body` on a thread of its own.
package func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        Thread { continuation.resume(with: Result(catching: body)) }.start()
    }
}
