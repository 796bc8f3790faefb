import Foundation
import Processes
import TestServers

/// wrk straight at nginx: what the gateway and its clients can do on this machine.
package struct WrkCell: Cell {
    package let name = "ceiling-wrk"
    package let summary = "wrk straight at the instant gateway, 500-byte POST, 64 connections, 1 thread"

    package init() {}

    package func run(_ bench: Surroundings) async throws -> [Figure] {
        let nginx = try Nginx(folder: bench.folder)
        let script = bench.folder.appending(path: "post.lua")
        let body = RequestText(payload: 500, deadline: bench.deadline).payload(0)
        let lines = [
            "wrk.method = \"POST\"", "wrk.body = '\(body)'", "wrk.headers[\"Content-Type\"] = \"application/json\"",
        ]
        try lines.joined(separator: "\n").write(to: script, atomically: true, encoding: .utf8)
        return try await bench.with(nginx) {
            let seconds = max(1, bench.scaled(3))
            let text = try output(
                of: try installedProgram("wrk"),
                [
                    "--threads", "1", "--connections", "64", "--duration", "\(seconds)s", "--script", script.path,
                    nginx.url,
                ])
            guard let rate = Self.rate(in: text) else { throw ProcessFailure("cannot read what wrk says: \(text)") }
            return [Figure("rate", rate, "requests/s")]
        }
    }

    /// The number behind `Requests/sec:`; `nil` if answers were not what they should be.
    static func rate(in text: String) -> Double? {
        let lines = text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
        if lines.contains(where: { $0.hasPrefix("Non-2xx") || $0.hasPrefix("Socket errors") }) { return nil }
        return lines.first { $0.hasPrefix("Requests/sec:") }?.split(separator: " ").last.flatMap { Double($0) }
    }
}

/// libcurl alone at nginx.
package struct CurlCell: Cell {
    package let name = "ceiling-libcurl"
    package let summary = "a bare libcurl multi loop at the instant gateway, 500-byte POST, 64 at once"

    package init() {}

    package func run(_ bench: Surroundings) async throws -> [Figure] {
        let nginx = try Nginx(folder: bench.folder)
        let body = Array(RequestText(payload: 500, deadline: bench.deadline).payload(0).utf8)
        let count = bench.scaled(50_000)
        return try await bench.with(nginx) {
            let url = nginx.url
            let outcome = try await onThread { try CurlLoop(url: url, body: body).run(count, atOnce: 64) }
            return [Figure("rate", outcome.rate, "requests/s"), Figure("cpu libcurl", outcome.cpuMicroseconds, "µs")]
        }
    }
}

/// Redis alone, with the commands that a request costs at least.
package struct RedisCell: Cell {
    package let name = "ceiling-redis"
    package let summary = "redis-benchmark, 50 connections, 500-byte members, 1 and 64 commands at a time"

    package init() {}

    package func run(_ bench: Surroundings) async throws -> [Figure] {
        let redis = try await RedisServer()
        let value = String(repeating: "y", count: 484)
        var figures: [Figure] = []
        for pipelined in [1, 64] {
            let count = bench.scaled(pipelined == 1 ? 40_000 : 100_000)
            let commands = [
                ["ZADD", "set", "1", "__rand_int__\(value)"], ["ZPOPMIN", "set"], ["LPUSH", "list", value],
            ]
            for command in commands {
                let text = try output(
                    of: try installedProgram("redis-benchmark"),
                    ["-p", "\(redis.port)", "-n", "\(count)", "-r", "1000000000", "-P", "\(pipelined)", "--csv"]
                        + command)
                guard let rate = Self.rate(in: text) else {
                    throw ProcessFailure("cannot read what redis-benchmark says: \(text)")
                }
                figures.append(Figure("\(command[0]) \(pipelined)", rate, "commands/s"))
            }
        }
        return figures
    }

    /// The number behind the command in the last line of `--csv`.
    static func rate(in text: String) -> Double? {
        guard let line = text.split(separator: "\n").last else { return nil }
        let cells = line.split(separator: "\",\"")
        return cells.count > 1 ? Double(cells[1].trimmingPrefix("\"")) : nil
    }
}
