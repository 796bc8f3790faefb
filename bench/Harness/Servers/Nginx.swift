package import Foundation
package import Processes
import TestServers

/// The instant gateway: one nginx process that answers every request with the same 600 bytes.
package struct Nginx: Gateway {
    package static let answerSize = 600
    package let process: StageProcess
    package let port: Int
    package var part: String { "nginx" }

    package init(folder: URL) throws {
        let port = try freePort()
        self.port = port
        let path = folder.appending(path: "nginx").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try Self.configuration(port: port, folder: path).write(
            toFile: path + "/nginx.conf", atomically: true, encoding: .utf8)
        process = StageProcess(
            "nginx", executable: try installedProgram("nginx"),
            arguments: ["-p", path, "-e", "\(path)/error.log", "-c", "\(path)/nginx.conf"], directory: folder)
    }

    /// The answer, `answerSize` bytes of JSON.
    static var answer: String {
        let start = #"{"id":"cmpl-1","object":"text_completion","model":"m","choices":[{"index":0,"text":""#
        let end = #"","finish_reason":"stop"}]}"#
        return start + String(repeating: "z", count: answerSize - start.utf8.count - end.utf8.count) + end
    }

    /// One process is master and worker, so that it is ended and measured as one.
    private static func configuration(port: Int, folder: String) -> String {
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map { "\($0)_temp_path \(folder)/\($0);" }
        return """
            daemon off; master_process off; pid \(folder)/nginx.pid; error_log \(folder)/error.log;
            events { worker_connections 8192; }
            http {
                access_log off; keepalive_requests 1000000000; keepalive_timeout 1h; client_max_body_size 0;
                \(temporary.joined(separator: " "))
                server {
                    listen 127.0.0.1:\(port) backlog=4096;
                    location / { default_type application/json; return 200 '\(answer)'; }
                }
            }
            """
    }
}
