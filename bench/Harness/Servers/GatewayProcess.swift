import Foundation
package import Processes
import TestServers

/// The small gateway in a process of its own, so that its CPU time is counted apart.
package struct GatewayProcess: Gateway {
    package let process: StageProcess
    package let port: Int
    package var part: String { "gateway" }
    private let folder: URL

    /// - Parameters:
    ///   - delay: milliseconds before an answer.
    ///   - answerSize: bytes of the answer's body.
    init(_ bench: Surroundings, delay: Int = 0, answerSize: Int = Nginx.answerSize) throws {
        port = try freePort()
        folder = bench.folder
        process = StageProcess(
            "gateway", executable: try bench.executable("bench"),
            arguments: ["gateway", "--port", "\(port)", "--delay", "\(delay)", "--answer-size", "\(answerSize)"],
            directory: bench.folder)
    }

    /// What it has seen since it was last asked.
    func takeLog() throws -> GatewayLog {
        let file = folder.appending(path: "gateway.visits")
        _ = try output(
            of: try installedProgram("curl"),
            ["--silent", "--fail", "--max-time", "20", "--output", file.path, "http://127.0.0.1:\(port)/log"])
        return GatewayLog(body: [UInt8](try Data(contentsOf: file)))
    }
}
