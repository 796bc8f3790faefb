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
            let shown = try await metrics(of: [])
            for stage in Self.stages {
                let listed = rows.filter { $0.stages.contains(stage) }
                let unlisted = try #require(shown[stage]).subtracting(listed.map(\.name))
                #expect(unlisted.isEmpty, "\(stage) shows them, and docs/operations.md does not list them")
                let absent = Set(listed.filter { !$0.isOptional }.map(\.name)).subtracting(shown[stage] ?? [])
                #expect(absent.isEmpty, "docs/operations.md lists them, and \(stage) does not show them")
            }
        }

        /// A sorted set tells more than a channel.
        @Test(.timeLimit(.minutes(2)))
        func listsWhatASortedSetTells() async throws {
            let listed = Set(try rows().filter { $0.stages.contains("ingest") }.map(\.name))
            let shown = try await metrics(of: ["--message-queue-impl", "redis-sortedset"])["ingest"] ?? []
            #expect(shown.subtracting(listed).isEmpty)
            let told = [
                "broker_backlog", "broker_backlog_source_available", "deadline_proximity_millis",
            ].map { "llm_d_async_async_\($0)" }
            #expect(shown.isSuperset(of: told + ["async_processor_requests_at_risk", "async_processor_eta_seconds"]))
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
                        "where the queue tells it", "once it is measured", "once it has held one",
                        "where pools have gates",
                        "where queues have gates",
                    ]
                    .contains(where: cells[1].contains)
                return cells[0].matches(of: /`([a-z_]+)`/).map {
                    Row(name: String($0.1), stages: stages, isOptional: isOptional)
                }
            }
        }

        /// The names that each stage shows once a request has failed, been tried again and been answered, and the queue has
        /// been asked what waits.
        ///
        /// - Parameter kind: flags that choose another kind of queue than channels.
        private func metrics(of kind: [String]) async throws -> [String: Set<String>] {
            let redis = try await RedisServer()
            let ports = try Dictionary(uniqueKeysWithValues: Self.stages.map { ($0, try freePort()) })
            func page(_ stage: String) throws -> String {
                try httpGet("http://127.0.0.1:\(try #require(ports[stage]))/metrics").text
            }
            var shown: [String: Set<String>] = [:]
            let settings = GatewaySettings { $0.attempt == 1 ? .refusal(503, retryAfter: nil) : nil }
            try await withGateway(settings) { gateway in
                let pipeline = try Pipeline(
                    queue: kind + [
                        "--redis.addr", "127.0.0.1:\(redis.port)", "--redis.inference-gateway", gateway.completions,
                    ],
                    flags: quickRetries,
                    own: ports.mapValues { ["--metrics-port", "\($0)", "--tap", "tcp://127.0.0.1:*"] },
                    // Nobody listens there.
                    environment: ["OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:\(try freePort())"])
                try await withPipeline(pipeline) { pipeline in
                    if kind.isEmpty {
                        let run = RedisRun(
                            redis: redis, cli: try RedisCLI(port: redis.port), gateway: gateway, pipeline: pipeline)
                        let results = try await run.collect()
                        try await run.publish(["a"])
                        try await eventually("the result") { results.count == 1 ? true : nil }
                        results.end()
                    } else {
                        let run = RedisSortedSetRun(redis: redis, gateway: gateway, pipeline: pipeline)
                        try run.submit(["a"])
                        try await run.waitForResults(1)
                        try await eventually("a forecast", within: .seconds(20)) {
                            try page("ingest").contains("TYPE async_processor_requests_at_risk gauge") ? true : nil
                        }
                    }
                    for stage in Self.stages {
                        let text = try page(stage)
                        shown[stage] = Set(text.matches(of: /TYPE ([a-z_]+) [a-z]/).map { String($0.1) })
                        try expectValid(text, stage)
                    }
                }
            }
            redis.kill()
            return shown
        }

        /// Prometheus's own tool can read it, where there is one; it has opinions on names, which others have chosen.
        private func expectValid(_ text: String, _ stage: String) throws {
            let promtool = "/usr/bin/promtool"
            guard FileManager.default.isExecutableFile(atPath: promtool) else { return }
            let file = try temporaryDirectory().appending(path: "page")
            defer { try? FileManager.default.removeItem(at: file.deletingLastPathComponent()) }
            try (text + "\n").write(to: file, atomically: true, encoding: .utf8)
            let check = try runToEnd(
                URL(filePath: "/bin/sh"), ["-c", "\"$1\" check metrics < \"$2\"", "sh", promtool, file.path])
            #expect([0, 3].contains(check.status), "\(stage): \(check.output)")
            #expect(!check.output.contains("error while linting"), "\(stage): \(check.output)")
            #expect(!check.output.contains("no help text"), "\(stage): \(check.output)")
        }
    }
}
