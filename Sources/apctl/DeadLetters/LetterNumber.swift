/// What a dead letter is called by when it is listed: `3-9f2c1b`, or `7`.
///
/// A list in Redis counts from its oldest element, so that places shift when somebody removes one. Six digits of the
/// element's digest tell whether the place still holds what was listed, and where that is otherwise. Rows in SQLite
/// keep their number, and have no such digits.
struct LetterNumber: Hashable, Sendable, CustomStringConvertible {
    /// From 1.
    var place: Int64
    /// Lower-case hexadecimal digits; empty for a row, or when somebody typed the place alone.
    var check: String

    static let checkLength = 6

    init(place: Int64, check: String = "") {
        self.place = place
        self.check = check
    }

    /// `nil` for what does not look like a number.
    init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count <= 2, let first = parts.first, first.utf8.allSatisfy({ (48...57).contains($0) }),
            let place = Int64(first), place > 0
        else { return nil }
        self.init(place: place)
        guard parts.count == 2 else { return }
        guard parts[1].count == Self.checkLength, parts[1].allSatisfy(\.isHexDigit) else { return nil }
        check = parts[1].lowercased()
    }

    var description: String { check.isEmpty ? "\(place)" : "\(place)-\(check)" }

    /// Whether the letter with this number is the one that `typed` means, as long as nobody has removed any.
    func isMeant(by typed: LetterNumber) -> Bool {
        place == typed.place && (typed.check.isEmpty || typed.check == check)
    }

    /// Whether the letter that had the number `typed` may be here now.
    func mayHaveBeen(_ typed: LetterNumber) -> Bool { !typed.check.isEmpty && typed.check == check }
}
