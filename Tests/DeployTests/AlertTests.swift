import Foundation
import Processes
import Testing

private let promtool = "/usr/bin/promtool"

/// The alerts of deploy/observability, their tests, their copies and their runbook.
struct AlertTests {
    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: promtool), "there is no promtool"))
    func fireWhenTheyShouldAndOtherwiseNot() throws {
        let tests = try Self.tests().map(\.path)
        let ended = try runToEnd(URL(filePath: promtool), ["test", "rules"] + tests)
        #expect(ended.status == 0, "\(ended.output)")
    }

    /// Each has a test of its name, with a moment in which it fires and one in which nothing does.
    @Test
    func haveATestEach() throws {
        let tests = try Self.tests().map { try Self.text($0) }.joined()
        for alert in try Self.alerts() {
            let test = try #require(tests.firstRange(of: "  - name: \(alert.name)\n"), "no test of \(alert.name)")
            let rest = tests[test.upperBound...]
            let section = rest[..<(rest.firstRange(of: "\n  - name: ")?.lowerBound ?? rest.endIndex)]
            #expect(section.contains("exp_samples: []"), "\(alert.name) is never silent")
            #expect(section.contains("alertname=\"\(alert.name)\",alertstate=\"firing\""), "\(alert.name) never fires")
            #expect(section.contains("namespace=\"fine\""), "nothing is near \(alert.name) and silent")
        }
    }

    @Test
    func sayWhatToDoAndWhereMoreIsSaid() throws {
        let page = try Self.text(Self.root.appending(path: "docs/operations.md"))
        for alert in try Self.alerts() {
            #expect(alert.text.contains(/severity: (warning|critical)\n/), "\(alert.name)")
            #expect(alert.text.contains("summary: ") && alert.text.contains("action: "), "\(alert.name)")
            #expect(
                alert.text.contains("runbook: docs/operations.md#\(alert.name.lowercased())\n"), "\(alert.name)")
            let heading = try #require(page.firstRange(of: "\n### \(alert.name)\n"), "no entry for \(alert.name)")
            let rest = page[heading.upperBound...]
            let entry = rest[..<(rest.firstRange(of: "\n#")?.lowerBound ?? rest.endIndex)]
            let isWhole = ["* First: ", "* Usually: ", "* Cure: "].allSatisfy(entry.contains)
            #expect(isWhole || entry.contains("(#asyncprocessor"), "the entry for \(alert.name)")
        }
        let entries = page.matches(of: /### (AsyncProcessor\w+)/).map { String($0.1) }
        #expect(try Set(entries) == Set(Self.alerts().map(\.name)))
        #expect(entries.count == Set(entries).count)
    }

    @Test
    func nameOnlyMetricsThatThereAre() throws {
        let page = try Self.text(Self.root.appending(path: "docs/operations.md"))
        let rows = page.split(separator: "\n").filter { $0.hasPrefix("| `") }.joined()
        for file in try Self.tests() + [Self.rules] {
            let names = try Self.text(file).matches(of: /\b(async_processor|llm_d_async|process)_[a-z_]+/)
            #expect(!names.isEmpty)
            for name in Set(names.map { String($0.0) }) {
                #expect(rows.contains("`\(name)`"), "\(file.lastPathComponent) names \(name)")
            }
        }
    }

    @Test
    func areTheSameOnKubernetes() throws {
        let folder = try DeployFolder()
        defer { folder.end() }
        func copyAlerts(_ arguments: String...) throws -> Ended {
            try runToEnd(
                URL(filePath: "/usr/bin/bash"), [folder.root.appending(path: "scripts/copy-alerts").path] + arguments)
        }
        let ended = try copyAlerts("--check")
        #expect(ended.status == 0, "\(ended.output)")
        for copy in [
            "deploy/kubernetes/components/prometheus/rules.yaml",
            "deploy/kubernetes/components/pod-monitor/prometheus-rule.yaml",
            "deploy/helm/async-processor/files/rules.yaml",
        ] {
            let text = folder.text(copy)
            try folder.write(text.replacing("critical", with: "warning"), to: copy)
            let ended = try copyAlerts("--check")
            #expect(ended.status == 1)
            #expect(ended.output.hasPrefix("\(copy) is not what"), "\(ended.output)")
            #expect(try copyAlerts().status == 0)
            #expect(folder.text(copy) == text)
        }
    }

    // MARK: Help

    private static let root = DeployFolder.repository
    private static let rules = root.appending(path: "deploy/observability/rules.yaml")

    private static func text(_ file: URL) throws -> String { try String(contentsOf: file, encoding: .utf8) }

    private static func tests() throws -> [URL] {
        let folder = root.appending(path: "deploy/observability/tests")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        return names.filter { $0.hasSuffix(".yaml") }.sorted().map { folder.appending(path: $0) }
    }

    /// The name of each alert, and its part of the file.
    private static func alerts() throws -> [(name: String, text: Substring)] {
        let parts = try text(rules).split(separator: "- alert: ").dropFirst()
        #expect(parts.count > 20)
        return parts.map { (String($0.prefix { !$0.isWhitespace }), $0) }
    }
}
