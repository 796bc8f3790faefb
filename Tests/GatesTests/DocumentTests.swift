import Foundation
import GateRules
import Loop
import Messages
import Redis
import TestServers
import Testing

/// What docs/gates.md shows works.
@PipelineActor
struct DocumentTests {
    private let page: String

    init() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardized
        page = try String(contentsOf: root.appending(path: "docs/gates.md"), encoding: .utf8)
    }

    private func blocks(_ kind: String) -> [String] {
        page.components(separatedBy: "```\(kind)\n").dropFirst().compactMap {
            $0.components(separatedBy: "\n```").first
        }
    }

    private func pools(_ text: String) throws -> [PoolSettings] {
        try PoolSettings.read(Array(text.utf8)[...], file: "docs/gates.md", hasPrometheus: true)
    }

    @Test
    func showsPoolsThatCanBeRead() throws {
        let examples = blocks("json").filter { $0.hasPrefix("[") }
        #expect(examples.count == 1)
        for example in examples { #expect(try !pools(example).isEmpty) }
    }

    /// The gates of the queues in an example.
    private func gates(_ example: String) throws -> [GateSettings] {
        let document = try JSONSerialization.jsonObject(with: Data(example.utf8)) as? [String: Any]
        return try (document?["queues"] as? [[String: Any]] ?? []).map { queue in
            let parameters = try JSONSerialization.data(withJSONObject: queue["gate_params"] ?? [:])
            return try GateReader(hasPrometheus: true, poolID: queue["worker_pool_id"] as? String ?? "")
                .read(type: queue["gate_type"] as? String, parameters: Array(parameters)[...], at: "docs/gates.md")
        }
    }

    @Test
    func showsQueuesWhoseGatesCanBeRead() throws {
        let examples = blocks("json").filter { $0.hasPrefix("{") }
        #expect(examples.count == 3)
        for example in examples { #expect(try gates(example).allSatisfy { $0 != .constant }) }
    }

    @Test
    func namesEveryTypeAndEveryCondition() {
        for name in GateSettings.typeNames { #expect(page.contains("| `\(name)` |") || page.contains(", `\(name)` |")) }
        for condition in GateCondition.allCases { #expect(page.contains("| `\(condition.rawValue)` |")) }
    }

    /// What the page says of parameters is what the reader says.
    @Test
    func namesEveryParameter() throws {
        for type in GateSettings.typeNames where !["constant", "composite"].contains(type) {
            let row = try #require(page.split(separator: "\n").first { $0.contains("| `\(type)` |") })
            for parameter in try parameters(of: type) { #expect(row.contains("`\(parameter)`"), "\(type)") }
        }
    }

    /// As its message for a parameter that does not exist lists them.
    private func parameters(of type: String) throws -> [String] {
        let needed = [
            "redis": #""address":"r:1""#, "redis-quota": #""address":"r:1","limit":1"#,
            "redis-leased-rate": #""address":"r:1","control_key":"k""#, "local-max-concurrency": #""limit":1"#,
            "wait-on-refuse": #""gate":{}"#, "tier-priority-admission": #""saturation_gate":"constant""#,
            "prometheus-query": #""query":"up""#, "prometheus-saturation": #""pool":"p""#,
            "prometheus-budget": #""pool":"p""#, "endpoint-scrape": #""url":"http://e","metric":"m""#,
        ]
        let text = "{\(try #require(needed[type])),\"none_such\":1}"
        do throws(GateSettingsError) {
            _ = try GateReader(hasPrometheus: true, poolID: "p")
                .read(type: type, parameters: Array(text.utf8)[...], at: "x")
            return []
        } catch {
            let names = error.reason.split(separator: ": ").last ?? ""
            return names.split(separator: ", ").map(String.init)
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func showsALeaseThatOpensItsGate() async throws {
        let server = try await RedisServer()
        let commands = try #require(blocks("sh").first)
            .replacingOccurrences(of: "redis-cli", with: "redis-cli -p \(server.port)")
        let shell = Process()
        shell.executableURL = URL(filePath: "/bin/bash")
        shell.arguments = ["-ec", commands]
        shell.standardOutput = FileHandle.nullDevice
        try shell.run()
        shell.waitUntilExit()
        #expect(shell.terminationStatus == 0)
        let example = try #require(blocks("json").last)
        guard case .leasedRate(var rate)? = try gates(example).first else {
            Issue.record("another gate")
            return
        }
        rate.address = "127.0.0.1:\(server.port)"
        let bench = try Bench(.leasedRate(rate))
        try await bench.expect(.open, "5.0 starts per second by decision d1")
        await bench.stop()
    }
}
