import Messages

/// A JSON value as settings are read from; numbers keep their text.
indirect enum SettingsValue: Sendable, Equatable {
    case object([Member])
    case array([SettingsValue])
    case string(String)
    case number(String)
    case boolean(Bool)
    case null

    struct Member: Sendable, Equatable {
        let name: String
        let value: SettingsValue
    }

    init(_ text: Bytes) throws(JSONError) {
        var scanner = JSONScanner(text.withoutByteOrderMark)
        self = try Self.read(&scanner, depth: 0)
        try scanner.finish()
    }

    /// What it is called to people.
    var kind: String {
        switch self {
        case .object: JSONKind.object.rawValue
        case .array: JSONKind.array.rawValue
        case .string(let text): "\"\(text.prefix(100))\""
        case .number(let text): String(text.prefix(100))
        case .boolean(let isTrue): "\(isTrue)"
        case .null: "null"
        }
    }

    /// The value of the last member of that name.
    subscript(_ name: String) -> SettingsValue? {
        guard case .object(let members) = self else { return nil }
        return members.last { $0.name == name }?.value
    }

    private static func read(_ scanner: inout JSONScanner, depth: Int) throws(JSONError) -> SettingsValue {
        switch try scanner.nextKind() {
        case .object:
            var members: [Member] = []
            try scanner.readObject(depth: depth) { (scanner, token) throws(JSONError) in
                let name = scanner.text(of: token)
                members.append(Member(name: name, value: try read(&scanner, depth: depth + 1)))
            }
            return .object(members)
        case .array:
            var elements: [SettingsValue] = []
            try scanner.readArray(depth: depth) { (scanner) throws(JSONError) in
                elements.append(try read(&scanner, depth: depth + 1))
            }
            return .array(elements)
        case .string: return .string(scanner.text(of: try scanner.readString()))
        case .number: return .number(scanner.text(of: try scanner.readNumber()))
        case .boolean: return .boolean(try scanner.skipValue(depth: depth).count == 4)
        case .null:
            try scanner.skipValue(depth: depth)
            return .null
        }
    }
}
