/// Rows below titles, as wide as there is room.
struct TextTable {
    struct Column {
        var title: String
        /// `nil`: what the others leave.
        var width: Int?
        /// Columns of a screen that is wide enough to show it.
        var from = 0
        var isNumber = true
        /// Where it has no room its end is kept.
        var keepsEnd = false
    }

    var columns: [Column]
    /// A text for each column.
    var rows: [[String]]

    /// Names need not be wider.
    private static let widest = 56

    /// The line of titles, and a line for each row.
    func lines(width: Int) -> [String] {
        let shown = columns.indices.filter { columns[$0].from <= width }
        let gap = width < 80 ? 1 : 2
        let fixed = shown.reduce(0) { $0 + (columns[$1].width ?? 0) } + gap * max(0, shown.count - 1)
        let rest = max(1, min(Self.widest, width - fixed))
        return ([columns.map(\.title)] + rows).map { row in
            let cells = shown.map { index in
                let (column, text) = (columns[index], index < row.count ? row[index] : "")
                let width = column.width ?? rest
                return column.isNumber ? text.fittedRight(width) : text.fitted(width, keepsEnd: column.keepsEnd)
            }
            return cells.joined(separator: String(repeating: " ", count: gap)).withoutTrailingSpaces
        }
    }
}

extension String {
    var withoutTrailingSpaces: String {
        var text = self[...]
        while text.hasSuffix(" ") { text.removeLast() }
        return String(text)
    }
}
