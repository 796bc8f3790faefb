import Messages

/// Writes copies as lines for people: aligned with those before, coloured if wanted.
struct TapLines {
    let isColoured: Bool
    private var queueWidth = 5
    private var idWidth = 8

    /// Names and ids widen their column up to here.
    private static let maxQueueWidth = 24
    private static let maxIDWidth = 40

    init(isColoured: Bool) { self.isColoured = isColoured }

    /// One line with its end, and if wanted the payloads below it.
    mutating func text(of record: TapRecord, withPayloads: Bool) -> String {
        let queue = printable(record.text("queue"))
        let id = printable(record.text("id"))
        queueWidth = min(Self.maxQueueWidth, max(queueWidth, queue.count))
        idWidth = min(Self.maxIDWidth, max(idWidth, id.count))
        let isInput = record.text("direction") == "in"
        let peer = record.text("peer")
        let bytes = (record.number("payload_bytes") ?? 0) + (record.number("answer_bytes") ?? 0)
        var cells = [
            Self.timeOfDay(record.number("time") ?? 0), stage(printable(record.text("stage"))), isInput ? "in " : "out",
            padded(queue, queueWidth), padded(id, idWidth), padded("\(bytes) B", 9, right: true), progress(record),
        ]
        if !peer.isEmpty { cells.append("\(isInput ? "from" : "to") \(printable(peer))") }
        var text = cells.joined(separator: "  ") + "\n"
        if withPayloads {
            for name in ["payload", "answer"] where record.has(name) { text += payload(name, of: record) }
        }
        return text
    }

    /// Hours, minutes, seconds and milliseconds of UTC.
    static func timeOfDay(_ milliseconds: Int64) -> String {
        func digits(_ number: Int64, _ count: Int) -> String {
            padded("\(number)", count, right: true).replacing(" ", with: "0")
        }
        let time = max(0, milliseconds)
        let clock = [time / 3_600_000 % 24, time / 60_000 % 60, time / 1000 % 60].map { digits($0, 2) }
        return clock.joined(separator: ":") + "." + digits(time % 1000, 3)
    }

    private func payload(_ name: String, of record: TapRecord) -> String {
        let encoding = record.text("\(name)_encoding")
        let notes = (encoding.isEmpty ? "" : ", \(encoding)") + (record.has("\(name)_cut") ? ", cut" : "")
        let lines = record.text(name).split(separator: "\n", omittingEmptySubsequences: false)
        return "    \(name)\(notes):\n" + lines.map { "    | \(printable(String($0)))\n" }.joined()
    }

    private func stage(_ name: String) -> String {
        let codes = ["ingest": 36, "dispatch": 33, "retry": 35, "emit": 32]
        return coloured(padded(name, 8), codes[name])
    }

    private func progress(_ record: TapRecord) -> String {
        let isBad = ["failed", "error", "dead_letter"].contains(record.text("progress"))
        return coloured(printable(record.progress), isBad ? 31 : nil)
    }

    /// - Parameter code: of the foreground, ECMA-48 8.3.117 (SGR).
    private func coloured(_ text: String, _ code: Int?) -> String {
        guard isColoured, let code else { return text }
        return "\u{1B}[\(code)m\(text)\u{1B}[0m"
    }
}

private func padded(_ text: String, _ width: Int, right: Bool = false) -> String {
    let space = String(repeating: " ", count: max(0, width - text.count))
    return right ? space + text : text + space
}

/// What producers wrote, without what would drive a terminal.
func printable(_ text: String) -> String {
    let shown = text.unicodeScalars.map { scalar -> Unicode.Scalar in
        if scalar == "\t" { return " " }
        return scalar.isHidden ? "\u{FFFD}" : scalar
    }
    return String(String.UnicodeScalarView(shown))
}
