import Foundation
import Testing

@testable import Settings

/// How a program with these arguments ends before it begins; `nil` if it begins.
func exit<S: ParsedSettings>(_ type: S.Type, _ arguments: [String], _ environment: [String: String] = [:])
    -> SettingsExit?
{
    do {
        _ = try S.parse(arguments: arguments, environment: environment)
        return nil
    } catch {
        return error
    }
}

/// The first line of what a program says that refuses to start; fails unless it ends with 64.
func refusal<S: ParsedSettings>(
    _ type: S.Type, _ arguments: [String], _ environment: [String: String] = [:],
    sourceLocation: SourceLocation = #_sourceLocation
) -> String {
    let end = exit(type, arguments, environment)
    #expect(end?.code == 64, sourceLocation: sourceLocation)
    return end?.text.split(separator: "\n").first.map(String.init) ?? "(started)"
}

/// A file that lasts as long as `body`.
func withFile<R>(_ text: String, _ body: (String) throws -> R) throws -> R {
    let path = NSTemporaryDirectory() + "settings-\(UInt64.random(in: 0...UInt64.max))"
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try body(path)
}
