import Foundation
import Processes
import TestServers
import Testing

/// A collector of spans: a program in Python that decodes them with OpenTelemetry's own messages.
struct Collector: Sendable {
    let port: Int
    private let folder: URL
    private let process: StageProcess

    private static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardized
    /// Where `scripts/setup` puts what the program needs.
    private static let modules = root.appending(path: ".build/test-python")

    static var isAvailable: Bool {
        FileManager.default.fileExists(atPath: modules.appending(path: "opentelemetry/proto/trace/v1").path)
    }

    init(port: Int) throws {
        self.port = port
        folder = try temporaryDirectory()
        process = StageProcess(
            "collector", executable: URL(filePath: "/usr/bin/python3"),
            arguments: [
                Self.root.appending(path: "Tests/EndToEndTests/Collector/collector.py").path, folder.path, "\(port)",
            ], environment: ["PYTHONPATH": Self.modules.path], directory: folder)
    }

    /// Variables of the stages that send spans there, without long waits.
    var environment: [String: String] {
        ["OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:\(port)", "OTEL_BSP_SCHEDULE_DELAY": "50"]
    }

    func start() async throws {
        try await process.start()
        try await eventually("the collector listens") {
            FileManager.default.fileExists(atPath: folder.appending(path: "ready").path) ? true : nil
        }
    }

    func end() async {
        await process.end()
        try? FileManager.default.removeItem(at: folder)
    }

    /// All spans so far, in the order in which they came.
    func spans() throws -> [CollectedSpan] {
        guard let text = try? String(contentsOf: folder.appending(path: "spans"), encoding: .utf8) else { return [] }
        return try text.split(separator: "\n").map { line in
            try JSONDecoder().decode(CollectedSpan.self, from: Data(line.utf8))
        }
    }

    /// Waits until a trace has so many spans of each name.
    func wait(for counts: [String: Int], of trace: String) async throws -> [CollectedSpan] {
        func spansOfTrace() throws -> [CollectedSpan] { try spans().filter { $0.trace == trace } }
        func found() throws -> [String: Int] { try spansOfTrace().reduce(into: [:]) { $0[$1.name, default: 0] += 1 } }
        return try await eventually(try "\(counts) of \(trace), there are \(found())", within: .seconds(30)) {
            try found() == counts ? try spansOfTrace() : nil
        }
    }
}

/// A span as the collector has understood it.
struct CollectedSpan: Decodable {
    enum Value: Decodable, Equatable {
        case text(String)
        case number(Int)
        case texts([String])

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let number = try? container.decode(Int.self) {
                self = .number(number)
            } else if let text = try? container.decode(String.self) {
                self = .text(text)
            } else {
                self = .texts(try container.decode([String].self))
            }
        }
    }

    let process: [String: String]
    let trace: String
    let span: String
    /// Empty without one.
    let parent: String
    let state: String
    let flags: Int
    let name: String
    let kind: String
    /// Nanoseconds since 1970.
    let start: Int
    let end: Int
    let attributes: [String: Value]
    let status: String

    /// As a header names it.
    var traceparent: String { "00-\(trace)-\(span)-01" }
    var stage: String? { process["async_processor.stage"] }
    /// In seconds.
    var duration: Double { Double(end - start) / 1e9 }

    func text(_ name: String) -> String? { if case .text(let text) = attributes[name] { text } else { nil } }
    func number(_ name: String) -> Int? { if case .number(let number) = attributes[name] { number } else { nil } }
}
