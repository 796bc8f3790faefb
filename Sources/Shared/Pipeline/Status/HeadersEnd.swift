/// Where the headers of a request end, looked for while its bytes come: each of them once, however slowly they do.
///
/// Source: RFC 9112, section 2.2: a lone LF ends a line, too.
struct HeadersEnd {
    private var looked = 0
    private var lineStart = 0
    /// Behind the first line.
    private var firstLine: Int?
    private var found: (headers: Int, all: Int)?

    /// - Parameter bytes: all that have come so far.
    /// - Returns: where the empty line begins that ends the headers, and where it ends; `nil` while it has not come.
    mutating func find(in bytes: [UInt8]) -> (headers: Int, all: Int)? {
        while found == nil, looked < bytes.count {
            looked += 1
            guard bytes[looked - 1] == 0x0A else { continue }
            let line = bytes[lineStart..<looked - 1]
            if lineStart > 0, line.isEmpty || (line.count == 1 && line.first == 0x0D) { found = (lineStart, looked) }
            lineStart = looked
            firstLine = firstLine ?? looked
        }
        return found
    }

    /// Whether more has come than a request may have, without the end.
    var isTooFar: Bool {
        firstLine.map { looked - $0 >= RequestHead.longest } ?? (looked >= RequestHead.longestLine)
    }
}
