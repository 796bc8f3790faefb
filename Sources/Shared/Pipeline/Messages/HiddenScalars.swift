extension Unicode.Scalar {
    /// Whether it must not reach a terminal or a log as it is.
    ///
    /// It cannot be seen itself, but moves the cursor, breaks the line or turns the direction of writing: the controls of ASCII
    /// and of ISO 6429 (U+0080 to U+009F), format characters, and separators of lines and paragraphs. Source: Unicode
    /// Standard, table 4-4, General_Category.
    package var isHidden: Bool {
        if isASCII { return value < 0x20 || value == 0x7F }
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: return true
        default: return false
        }
    }

    /// As a JSON string has it where it is not to stand for itself, such as `\u009b`.
    ///
    /// Source: RFC 8259, section 7: two such parts beyond U+FFFF.
    package var jsonEscape: String {
        String(self).utf16.reduce(into: "") { text, unit in
            let digits = String(unit, radix: 16)
            text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }
    }
}

extension String {
    /// With JSON's escapes in the place of all that is hidden but tabs.
    ///
    /// A JSON document on one line means the same as before: tabs may stand between its tokens, other controls nowhere.
    package var escapingHidden: String {
        func isEscaped(_ scalar: Unicode.Scalar) -> Bool { scalar.isHidden && scalar != "\t" }
        guard unicodeScalars.contains(where: isEscaped) else { return self }
        return unicodeScalars.reduce(into: "") { text, scalar in
            if isEscaped(scalar) { text += scalar.jsonEscape } else { text.unicodeScalars.append(scalar) }
        }
    }
}
