import Foundation
import Processes

/// A real browser without a window, which `scripts/testbed/browser.py` drives.
final class Browser {
    private let process = Process()
    private let calls = Foundation.Pipe()
    private let answers = Foundation.Pipe()
    private var received = Data()

    private static let program = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../scripts/testbed/browser.py").standardized

    static var isAvailable: Bool { FileManager.default.isExecutableFile(atPath: "/usr/bin/chromium") }

    init() throws {
        process.executableURL = URL(filePath: "/usr/bin/python3")
        process.arguments = ["-B", Self.program.path]
        process.standardInput = calls
        process.standardOutput = answers
        try withNoSignalBlocked { try process.run() }
    }

    func open(_ url: String, width: Int = 1000, height: Int = 700) throws {
        try call("open", .text(url), .number(width), .number(height))
    }

    func resize(width: Int, height: Int) throws { try call("resize", .number(width), .number(height)) }

    /// `light` or `dark`.
    func color(_ scheme: String) throws { try call("color", .text(scheme)) }

    /// The value of an expression of JavaScript, a text.
    func text(_ expression: String) throws -> String { try call("evaluate", .text("String(\(expression))")).text ?? "" }

    /// Waits until an expression is true.
    func wait(_ expression: String) throws { try call("wait", .text(expression)) }

    /// Clicks the element with this id.
    func click(_ id: String) throws { try call("evaluate", .text("document.getElementById('\(id)').click()")) }

    /// Types where the focus is.
    func type(_ text: String) throws { try call("type", .text(text)) }

    /// `Tab`, `Enter`, `Escape` or a space.
    func press(_ key: String) throws { try call("press", .text(key)) }

    /// Texts that are hard to read, with their contrast.
    func faint() throws -> [String] { try call("faint").texts }

    /// Roles of what has no name for those who hear the page.
    func unnamed() throws -> [String] { try call("unnamed").texts }

    /// What scripts and policies have failed on so far.
    func complaints() throws -> [String] { try call("complaints").texts }

    func end() {
        try? calls.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    /// What goes to the driver, and what comes back.
    enum Value: Codable {
        case text(String)
        case number(Int)
        case list([String])
        case other

        var text: String? { if case .text(let text) = self { text } else { nil } }
        var texts: [String] { if case .list(let texts) = self { texts } else { [] } }

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let text = try? container.decode(String.self) {
                self = .text(text)
            } else if let list = try? container.decode([String].self) {
                self = .list(list)
            } else {
                self = .other
            }
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .text(let text): try container.encode(text)
            case .number(let number): try container.encode(number)
            case .list(let list): try container.encode(list)
            case .other: try container.encodeNil()
            }
        }
    }

    private struct Call: Encodable {
        var call: String
        var arguments: [Value]
    }

    private struct Answer: Decodable {
        var value: Value?
        var error: String?
    }

    /// The driver limits each wait.
    @discardableResult
    private func call(_ name: String, _ arguments: Value...) throws -> Value {
        let line = try JSONEncoder().encode(Call(call: name, arguments: arguments)) + Data("\n".utf8)
        try calls.fileHandleForWriting.write(contentsOf: line)
        while !received.contains(UInt8(ascii: "\n")) {
            let data = answers.fileHandleForReading.availableData
            guard !data.isEmpty else { throw ProcessFailure("\(name): the driver of the browser has ended") }
            received += data
        }
        let answer = received.prefix { $0 != UInt8(ascii: "\n") }
        received = Data(received.dropFirst(answer.count + 1))
        let said = try JSONDecoder().decode(Answer.self, from: answer)
        if let error = said.error { throw ProcessFailure("\(name): \(error)") }
        return said.value ?? .other
    }
}
