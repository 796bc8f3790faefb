import Reports

/// A table in Markdown whose columns also stand in line on a terminal.
package struct TextTable: Sendable {
    private let head: [String]
    private var rows: [[String]] = []

    /// Numbers, which stand to the right, are in all columns but the first `leading`.
    private let leading: Int

    package init(_ head: [String], leading: Int = 1) {
        self.head = head
        self.leading = leading
    }

    package var isEmpty: Bool { rows.isEmpty }

    package mutating func add(_ row: [String]) { rows.append(row) }

    package var text: String {
        let widths = head.indices.map { column in ([head] + rows).map { $0[column].count }.max() ?? 0 }
        func line(_ row: [String]) -> String {
            let cells = row.indices.map { column in
                column < leading ? row[column].padded(to: widths[column]) : row[column].paddedLeft(to: widths[column])
            }
            return "| " + cells.joined(separator: " | ") + " |"
        }
        let rule = widths.indices.map { column in
            column < leading
                ? String(repeating: "-", count: widths[column] + 2)
                : String(repeating: "-", count: widths[column] + 1) + ":"
        }
        return ([line(head), "|" + rule.joined(separator: "|") + "|"] + rows.map(line)).joined(separator: "\n")
    }
}
