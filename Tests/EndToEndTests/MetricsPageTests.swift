import Foundation
import GatewaySimulator
import Messages
import Processes
import TestServers
import Testing

extension EndToEnd {
    /// The table of metrics in docs/operations.md.
    struct MetricsPageTests {
        private static let stages = ["ingest", "dispatch", "retry", "emit"]

        @Test(.timeLimit(.minutes(2)))
        func listsExactlyTheMetricsThatTheStagesShow() async throws {
            let rows = try rows()
            #expect(rows.count > 25)
            let shown = try await metrics()
            for stage in Self.stages {
                let listed = rows.filter { $0.stages.contains(stage) }
                let unlisted = try #require(shown[stage]).subtracting(listed.map(\.name))
                #expect(unlisted.isEmpty, "\(stage) shows them, and docs/operations.md does not list them")
                let absent = Set(listed.filter { !$0.isOptional }.map(\.name)).subtracting(shown[stage] ?? [])
                #expect(absent.isEmpty, "docs/operations.md lists them, and \(stage) does not show them")
            }
        }

        /// A name that a page mentions, in an alert for example, is in the table.
        @Test
        func namesNoMetricThatDoesNotExist() throws {
            let names = Set(try rows().map(\.name))
            let pages = try FileManager.default.contentsOfDirectory(atPath: Self.root.appending(path: "docs").path)
                .filter { $0.hasSuffix(".md") }.map { "docs/\($0)" }
            for page in pages + ["README.md"] {
                let mentioned = try text(page).matches(of: /\b(async_processor|llm_d_async_async|process)_[a-z_]+[a-z]/)
                let unknown = Set(mentioned.map { String($0.0) }).subtracting(names)
                #expect(unknown.isEmpty, "\(page)")
            }
        }

        // MARK: Help

        private struct Row {
            var name: String
            var stages: [String]
            /// Depends on the kind of the queue, or on what has been measured.
            var isOptional: Bool
        }

        private static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
            .standardized

        private func text(_ page: String) throws -> String {
            try String(contentsOf: Self.root.appending(path: page), encoding: .utf8)
        }

        private func rows() throws -> [Row] {
            let page = try text("docs/operations.md")
            let start = try #require(page.firstRange(of: "| metric | stages |"))
            let table = page[start.lowerBound...].split(separator: "\n\n").first ?? ""
            return table.split(separator: "\n").dropFirst(2).flatMap { line in
                let cells = line.split(separator: "|")
                let stages = Self.stages.filter { cells[1].contains(" \($0)") || cells[1].contains(" all") }
                let isOptional =
                    [
                        "where the queue tells it", "once it is measured", "where pools have gates",
                        "where queues have gates",
                    ]
                    .contains(where: cells[1].contains)
                return cells[0].matches(of: /`([a-z_]+)`/).map {
                    Row(name: String($0.1), stages: stages, isOptional: isOptional)
                }
            }
        }

        /// The names that each stage shows once a request has failed, been tried again and been answered.
        private func metrics() async throws -> [String: Set<String>] {
            let redis = try await RedisServer()
            let ports = try Dictionary(uniqueKeysWithValues: Self.stages.map { ($0, try freePort()) })
            var shown: [String: Set<String>] = [:]
            let settings = GatewaySettings { $0.attempt == 1 ? .refusal(503, retryAfter: nil) : nil }
            try await withGateway(settings) { gateway in
                let pipeline = try Pipeline(
                    queue: [
                        "--redis.addr", "127.0.0.1:\(redis.port)", "--redis.inference-gateway", gateway.completions,
                    ],
                    flags: quickRetries,
                    own: ports.mapValues { ["--metrics-port", "\($0)", "--tap", "tcp://127.0.0.1:*"] })
                try await withPipeline(pipeline) { pipeline in
                    let run = RedisRun(
                        redis: redis, cli: try RedisCLI(port: redis.port), gateway: gateway, pipeline: pipeline)
                    let results = try await run.collect()
                    try await run.publish(["a"])
                    try await eventually("the result") { results.count == 1 ? true : nil }
                    results.end()
                    for (stage, port) in ports {
                        let text = try httpGet("http://127.0.0.1:\(port)/metrics").text
                        shown[stage] = Set(text.matches(of: /TYPE ([a-z_]+) [a-z]/).map { String($0.1) })
                    }
                }
            }
            redis.kill()
            return shown
        }
    }
}
