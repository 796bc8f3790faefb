/// The first field of a message that was of a wrong type, for people.
struct FieldProblem {
    private(set) var reason: String?

    mutating func note(_ reason: @autoclosure () -> String) {
        if self.reason == nil { self.reason = reason() }
    }
}

/// The fields of one object that are known, found by their names whatever the case of the letters A to Z.
///
/// No two of them differ in case alone, so an exact match needs no preference.
struct KnownFields<Name: CaseIterable & RawRepresentable<String> & Sendable>: Sendable {
    private let fields: [(name: Name, key: [UInt8])] = Name.allCases.map { ($0, Array($0.rawValue.utf8)) }

    func find(_ key: Bytes) -> Name? {
        fields.first { isSameIgnoringCase($0.key, key) }?.name
    }
}

/// Reading the value of a known field.
///
/// `nil` means: leave the field as it was, because it is `null` or because its type is wrong, which is noted.
extension JSONScanner {
    /// A string.
    ///
    /// - Parameter exactly: what is no text is wrong as well: it would be another one when it comes back, or reaches the
    ///   gateway. Otherwise U+FFFD stands for it.
    mutating func readString(
        _ field: @autoclosure () -> String, exactly: Bool = true, depth: Int = 2, _ problem: inout FieldProblem
    ) throws(JSONError) -> String? {
        guard try nextKind() == .string else {
            try skipMismatch(field(), "a string", &problem, depth: depth)
            return nil
        }
        let token = try readString()
        guard exactly else { return text(of: token) }
        let text = exactText(of: token)
        if text == nil { problem.note("\(field()): not Unicode text; it could not come back as it was written") }
        return text
    }

    /// An integer literal that fits in 64 bits, or a string that holds one, perhaps with a sign.
    mutating func readInteger(
        _ field: @autoclosure () -> String, orText: Bool, _ problem: inout FieldProblem
    ) throws(JSONError) -> Int64? {
        let wanted = orText ? "an integer or a string that holds one" : "an integer"
        let text: String
        switch try nextKind() {
        case .number: text = self.text(of: try readNumber())
        case .string where orText: text = self.text(of: try readString())
        default:
            try skipMismatch(field(), wanted, &problem)
            return nil
        }
        let value = Int64(text)
        if value == nil { problem.note("\(field()): expected \(wanted), within 64 bits; found \(quoted(text))") }
        return value
    }

    /// An object of strings, in the order written; entries that are `null` are left out.
    mutating func readStrings(
        _ field: @autoclosure () -> String, exactly: Bool = false, depth: Int, _ problem: inout FieldProblem
    ) throws(JSONError) -> [HeaderField]? {
        guard try nextKind() == .object else {
            try skipMismatch(field(), "an object of strings", &problem)
            return nil
        }
        var fields: [HeaderField] = []
        try readObject(depth: depth) { (scanner, token) throws(JSONError) in
            let name = scanner.text(of: token)
            let value = try scanner.readString(
                "\(field())[\(quoted(name))]", exactly: exactly, depth: depth + 1, &problem)
            if let value { fields.append(HeaderField(name, value)) }
        }
        return fields
    }

    /// Skips a value of a type the field cannot have; notes it unless it is `null`, which means absent.
    mutating func skipMismatch(
        _ field: @autoclosure () -> String, _ wanted: String, _ problem: inout FieldProblem, depth: Int = 2
    ) throws(JSONError) {
        let kind = try nextKind()
        try skipValue(depth: depth)
        if kind != .null { problem.note("\(field()): expected \(wanted), found \(kind.rawValue)") }
    }
}
