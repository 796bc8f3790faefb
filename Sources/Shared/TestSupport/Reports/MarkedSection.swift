import Foundation

/// A part of a text between two lines that a program may write anew; people write around it.
///
///     <!-- chaos:matrix begin -->
///     …
///     <!-- chaos:matrix end -->
package struct MarkedSection: Sendable {
    package struct Missing: Error, CustomStringConvertible {
        package let description: String
    }

    private let begin: String
    private let end: String

    /// - Parameter name: as in the marks, such as `chaos:matrix`.
    package init(_ name: String) {
        begin = "<!-- \(name) begin -->"
        end = "<!-- \(name) end -->"
    }

    /// Writes `content` between the marks of a file.
    package func write(_ content: String, to path: String) throws {
        let text = try String(contentsOfFile: path, encoding: .utf8)
        try replacing(content, in: text).write(toFile: path, atomically: true, encoding: .utf8)
    }

    /// The text with `content` between the marks.
    package func replacing(_ content: String, in text: String) throws(Missing) -> String {
        guard let first = text.firstRange(of: begin), let last = text.firstRange(of: end),
            first.upperBound <= last.lowerBound
        else { throw Missing(description: "no lines \(begin) … \(end)") }
        return text[..<first.upperBound] + "\n\n\(content)\n\n" + text[last.lowerBound...]
    }
}
