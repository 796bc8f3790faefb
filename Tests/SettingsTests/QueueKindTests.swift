import Foundation
import Queue
import Testing

/// Whoever adds a kind of queue and leaves one of its parts out learns it here.
struct QueueKindTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardized

    /// Where each part of a kind is, with the kind's folder in it.
    @Test(arguments: QueueKind.allCases)
    func hasAllParts(kind: QueueKind) throws {
        let folder = kind.descriptor.folder
        for path in [
            "Sources/ingest/\(folder)", "Sources/emit/\(folder)", "Sources/Shared/Queues/\(folder)",
            "Tests/\(folder)Tests/\(folder)ConformanceTests.swift",
            "Sources/Shared/TestSupport/Chaos/\(folder)Queue.swift",
        ] {
            #expect(FileManager.default.fileExists(atPath: Self.root.appending(path: path).path), "\(path) is missing")
        }
        let loads = try FileManager.default.subpathsOfDirectory(atPath: Self.root.appending(path: "bench/Harness").path)
        #expect(
            loads.contains { ($0 as NSString).lastPathComponent.hasPrefix(folder) }, "there is no load in bench/Harness"
        )
    }

    @Test
    func isToldApartFromAllOthers() {
        let all = QueueKind.allCases.map(\.descriptor)
        #expect(Set(all.map(\.number)).count == all.count)
        #expect(Set(all.map(\.folder)).count == all.count)
        #expect(all.allSatisfy { $0.number > 0 })
    }

    /// The table of docs/queues.md is what the kinds say of themselves.
    @Test
    func standsInTheDocsAsItDescribesItself() throws {
        let text = try String(contentsOf: Self.root.appending(path: "docs/queues.md"), encoding: .utf8)
        let lines = QueueKind.allCases.map { kind in
            let descriptor = kind.descriptor
            let flags = descriptor.server.flags
            let queue = descriptor.requestQueue.map { "`\($0)`" } ?? "must be given"
            let results = descriptor.resultQueue.isEmpty ? "" : "`\(descriptor.resultQueue)`"
            return "| `\(kind.rawValue)` | \(descriptor.title) | `--\(flags.prefix)…` | `--\(flags.name)` | \(queue) | "
                + "\(results) | \(descriptor.deadLetters.shown) | `\(descriptor.folder)` |"
        }
        for line in lines { #expect(text.contains(line + "\n"), "docs/queues.md lacks: \(line)") }
    }
}

extension DeadLetterKeeping {
    fileprivate var shown: String {
        switch self {
        case .redisList: "list `<queue>:dead-letter`"
        case .sqliteTable: "table `dead_letters`"
        case .elsewhere: "not kept by us"
        }
    }
}
