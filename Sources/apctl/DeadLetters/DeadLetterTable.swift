/// Dead letters, one a line.
struct DeadLetterTable {
    private static let header = ["number", "time", "id", "deliveries", "attempts", "reason"]
    private static let maxID = 40

    private let rows: [[String]]

    init(_ letters: [DeadLetter]) {
        rows = letters.map { letter in
            let id = letter.id.onOneLine
            let cut = id.count > Self.maxID ? id.prefix(Self.maxID - 1) + "…" : id
            return [
                "\(letter.number)", letter.timeText, cut.isEmpty ? "-" : cut, "\(letter.deliveries)",
                "\(letter.attempts)", letter.reason.onOneLine,
            ]
        }
    }

    /// The columns aligned, two spaces between them, counts to the right.
    ///
    /// - Parameter columns: The longest line in characters; `nil` for any length.
    func text(columns: Int?) -> String {
        let lines = [Self.header] + rows
        let widths = Self.header.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        return lines.map { line in
            var text = ""
            for column in 0..<5 {
                let padding = String(repeating: " ", count: widths[column] - line[column].count)
                text += (3...4).contains(column) ? padding + line[column] : line[column] + padding
                text += "  "
            }
            text += line[5]
            if let columns, text.count > columns { text = text.prefix(max(1, columns) - 1) + "…" }
            return text + "\n"
        }.joined()
    }
}
