import Foundation
import Testing

/// docs/adding-a-queue.md names files and declarations that are there.
struct DocumentTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardized

    @Test
    func namesFilesThatAreThere() throws {
        let text = try String(contentsOf: Self.root.appending(path: "docs/adding-a-queue.md"), encoding: .utf8)
        let paths = text.matches(of: /`((?:Sources|Tests|bench|scripts)\/[\w\/.+-]+|Package\.swift)`/).map {
            String($0.output.1)
        }
        #expect(paths.count > 10)
        for path in paths {
            #expect(
                FileManager.default.fileExists(atPath: Self.root.appending(path: path).path), "\(path) is not there")
        }
    }

    @Test
    func namesTypesThatAreThere() throws {
        let text = try String(contentsOf: Self.root.appending(path: "docs/adding-a-queue.md"), encoding: .utf8)
        let names = Set(text.matches(of: /`([A-Z][A-Za-z]+)`/).map { String($0.output.1) })
        let sources = try Self.sources().joined(separator: "\n")
        #expect(names.count > 8)
        for name in names.subtracting(["RedisList"]) {
            let isDeclared = ["struct", "class", "actor", "enum", "protocol"].contains { kind in
                [" ", ":", "{", "<"].contains { sources.contains("\(kind) \(name)\($0)") }
            }
            #expect(isDeclared, "\(name) is declared nowhere")
        }
    }

    private static func sources() throws -> [String] {
        try ["Sources", "Tests"].flatMap { name in
            let folder = root.appending(path: name)
            return try FileManager.default.subpathsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".swift") }
                .map {
                    try String(contentsOf: folder.appending(path: $0), encoding: .utf8)
                }
        }
    }
}
