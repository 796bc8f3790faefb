extension StringProtocol {
    /// Columns that it takes on a terminal.
    var columns: Int {
        // Printable ASCII, one each.
        let isPlain = utf8.allSatisfy { (0x20...0x7E).contains($0) }
        return isPlain ? utf8.count : reduce(0) { $0 + $1.columns }
    }
}

extension String {
    /// As many columns as that: filled up behind, or cut and marked with `…`.
    ///
    /// - Parameter keepsEnd: Cuts the beginning, where the end tells things apart.
    func fitted(_ width: Int, keepsEnd: Bool = false) -> String {
        let text = cut(width, keepsEnd: keepsEnd)
        return text + String(repeating: " ", count: max(0, width - text.columns))
    }

    /// The same, filled up in front.
    func fittedRight(_ width: Int) -> String {
        let text = cut(width, keepsEnd: false)
        return String(repeating: " ", count: max(0, width - text.columns)) + text
    }

    /// At most as many columns as that.
    func cut(_ width: Int, keepsEnd: Bool = false) -> String {
        if columns <= width { return self }
        guard width > 0 else { return "" }
        var (kept, used) = ([Character](), 1)
        for character in keepsEnd ? Array(reversed()) : Array(self) {
            if used + character.columns > width { break }
            used += character.columns
            kept.append(character)
        }
        return keepsEnd ? "…" + String(kept.reversed()) : String(kept) + "…"
    }

    /// Lines of at most as many columns as that, broken between words; all but the first are indented.
    func wrapped(_ width: Int, indent: Int = 4) -> [String] {
        let space = String(repeating: " ", count: min(indent, max(0, width / 2)))
        var lines: [String] = []
        // Columns are counted once: a text may be very long.
        var (line, used, isEmpty) = ("", 0, true)
        func next() {
            lines.append(line)
            (line, used, isEmpty) = (space, space.count, true)
        }
        for word in split(separator: " ") {
            var (word, left) = (word, word.columns)
            if !isEmpty, used + 1 + left > width { next() }
            // A word that is longer than a line.
            while isEmpty, used + left > width, width > used {
                let part = word.head(width - used)
                if part.isEmpty { break }
                line += part
                next()
                word = word[part.endIndex...]
                left -= part.columns
            }
            if !isEmpty { line += " " }
            line += word
            used += isEmpty ? left : 1 + left
            isEmpty = false
        }
        return isEmpty ? lines : lines + [line]
    }
}

extension Substring {
    /// The first characters, as far as they have room.
    fileprivate func head(_ width: Int) -> Substring {
        var used = 0
        return prefix {
            used += $0.columns
            return used <= width
        }
    }
}

extension Character {
    /// Columns that it takes on a terminal: two for those of East Asia and for pictures, none for marks that stand on
    /// another character.
    ///
    /// Source: Unicode Standard Annex #11, East Asian Width, the large blocks of wide characters.
    var columns: Int {
        unicodeScalars.reduce(0) { widest, scalar in
            if Self.wide.contains(where: { $0.contains(scalar.value) }) { return 2 }
            let isMark = [.nonspacingMark, .enclosingMark].contains(scalar.properties.generalCategory)
            return max(widest, isMark ? 0 : 1)
        }
    }

    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF,
        0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F900...0x1FAFF,
        0x20000...0x3FFFD,
    ]
}
