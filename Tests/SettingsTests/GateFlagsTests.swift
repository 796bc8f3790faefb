import ArgumentParser
import Foundation
import GateRules
import Testing

@testable import Settings

struct GateFlagsTests {
    private func flags(_ arguments: String...) throws -> GateFlags<Dispatch> {
        try GateFlags<Dispatch>.parse(arguments)
    }

    /// Reads a file that holds `text`.
    private func pools(_ text: String, _ arguments: String...) throws -> [PoolSettings]? {
        let file = FileManager.default.temporaryDirectory.appending(path: "pools-\(UUID().uuidString).json")
        try text.write(to: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: file) }
        return try GateFlags<Dispatch>.parse(["--pool-config-file", file.path] + arguments).pools()
    }

    @Test
    func readsPools() throws {
        let text = #"[{"id":"a","workers":2,"gate_type":"prometheus-query","gate_params":{"query":"up"}}]"#
        let gate = GateSettings.query(PrometheusQuerySettings(query: "up"))
        #expect(
            try pools(text, "--prometheus-url", "http://p:9090") == [PoolSettings(id: "a", workers: 2, gate: gate)])
        #expect(try flags().pools() == nil)
    }

    @Test
    func namesFileEntryAndParameter() {
        #expect {
            _ = try pools(#"[{"id":"a","workers":2,"gate_type":"redis"}]"#)
        } throws: { error in
            "\(error)".contains(".json: [0] (a).gate_params.address: is missing")
        }
        #expect {
            _ = try pools(#"[{"id":"a","workers":2,"gate_type":"prometheus-query","gate_params":{"query":"up"}}]"#)
        } throws: { error in
            "\(error)".contains("needs --prometheus-url")
        }
    }

    @Test
    func saysWhichFileIsMissing() {
        #expect {
            _ = try flags("--pool-config-file", "/none.json").pools()
        } throws: { error in
            "\(error)".contains("--pool-config-file") && "\(error)".contains("/none.json")
        }
    }

    @Test(arguments: [("5", 5000), ("0", 0), ("0.5", 500), ("1m30s", 90_000), ("250ms", 250)])
    func readsTheTimeInSecondsOrAsGoWritesIt(_ text: String, _ milliseconds: Int) throws {
        #expect(try flags("--prometheus-cache-ttl", text).prometheusCacheTime == .milliseconds(milliseconds))
    }

    @Test(arguments: [
        ["--prometheus-cache-ttl", "soon"], ["--prometheus-cache-ttl=-1s"], ["--prometheus-url", "prometheus:9090"],
        ["--prometheus-url", "http://"], ["--prometheus-url", "http://p/?q"],
    ])
    func refusesWhatMakesNoSense(_ arguments: [String]) {
        #expect(throws: (any Error).self) { _ = try GateFlags<Dispatch>.parse(arguments) }
    }
}
