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

    package init(_ name: String) {
        begin = "<!-- chaos:\(name) begin -->"
        end = "<!-- chaos:\(name) end -->"
    }

    /// The text with `content` between the marks.
    package func replacing(_ content: String, in text: String) throws(Missing) -> String {
        guard let first = text.firstRange(of: begin), let last = text.firstRange(of: end),
            first.upperBound <= last.lowerBound
        else { throw Missing(description: "no lines \(begin) … \(end)") }
        return text[..<first.upperBound] + "\n\n\(content)\n\n" + text[last.lowerBound...]
    }
}
