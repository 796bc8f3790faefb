/// Log lines that wait to be written: as many as there is room for, and how many found none.
///
/// The first lines are kept: they tell how it began.
struct LogBacklog {
    /// Lines, at most.
    static let maxLines = 10_000
    /// Bytes, at most.
    static let maxBytes = 4 << 20

    private var lines: [String] = []
    private var bytes = 0
    private var dropped = 0

    var isEmpty: Bool { lines.isEmpty && dropped == 0 }

    mutating func add(_ line: String) {
        guard lines.count < Self.maxLines, bytes + line.utf8.count <= Self.maxBytes else {
            dropped += 1
            return
        }
        lines.append(line)
        bytes += line.utf8.count
    }

    /// - Returns: what waits, in order, and how many lines were dropped after that.
    mutating func take() -> (lines: [String], dropped: Int) {
        defer {
            lines = []
            bytes = 0
            dropped = 0
        }
        return (lines, dropped)
    }
}
