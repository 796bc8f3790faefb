import Foundation
import Glibc
package import Processes
import TestServers

/// A process that answers requests.
package protocol Gateway: Sendable {
    /// Its part in figures.
    var part: String { get }
    var process: StageProcess { get }
    var port: Int { get }
}

extension Gateway {
    package var url: String { "http://127.0.0.1:\(port)/v1/completions" }

    /// Starts it; returns when it listens.
    package func start() async throws {
        try await process.start()
        for _ in 0..<1000 {
            if isListening { return }
            try await Task.sleep(for: .milliseconds(5))
        }
        throw ProcessFailure("\(part) does not listen\n\(await process.logText())")
    }

    private var isListening: Bool {
        let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        return withLoopback(port) { connect(descriptor, $0, $1) == 0 }
    }
}
