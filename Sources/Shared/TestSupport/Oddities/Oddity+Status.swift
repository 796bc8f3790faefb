import Chaos
import Glibc

/// What comes to the status ports.
extension Oddity {
    static let statuses: [Oddity] = [
        status("a connection that says nothing", []), status("200 connections that say nothing", [], connections: 200),
        status("zeros", [UInt8](repeating: 0, count: 10_000)),
        status(
            "a header that never ends",
            Array("GET /status HTTP/1.1\r\nX: ".utf8) + [UInt8](repeating: 0x61, count: 1 << 20)),
        status(
            "headers that never end",
            Array("GET /status HTTP/1.1\r\n".utf8) + Array(String(repeating: "X: y\r\n", count: 20_000).utf8)),
        status(
            "a path of 1 MB",
            Array("GET /".utf8) + [UInt8](repeating: 0x61, count: 1 << 20) + Array(" HTTP/1.1\r\n\r\n".utf8)),
        status(
            "a body that never comes",
            Array("POST /status HTTP/1.1\r\nContent-Length: 9223372036854775807\r\n\r\n".utf8)),
        status("a greeting of TLS", [0x16, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3] + [UInt8](repeating: 7, count: 500)),
        status("a climbing path", Array("GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n".utf8)),
        status(
            "1,000 requests on one connection",
            Array(String(repeating: "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", count: 1000).utf8)),
    ]

    /// Bytes to every status port; then each still answers.
    private static func status(_ name: String, _ bytes: [UInt8], connections: Int = 1) -> Oddity {
        Oddity(.status, name) { bench in
            for kind in StageKind.allCases {
                guard let port = bench.plant.network.ports(of: kind.name(1))?.status else { continue }
                var descriptors: [CInt] = []
                defer { for descriptor in descriptors { close(descriptor) } }
                for _ in 0..<connections { descriptors.append(try connection(to: port, limit: 1)) }
                for descriptor in descriptors { writeAll(descriptor, bytes) }
                try await eventually("the status port of \(kind.rawValue) answers") {
                    let descriptor = try connection(to: port, limit: 1)
                    defer { close(descriptor) }
                    writeAll(descriptor, Array("GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".utf8))
                    var answer: [UInt8] = []
                    return readSome(descriptor, &answer) && answer.starts(with: Array("HTTP/1.1 200".utf8))
                }
            }
        }
    }
}
