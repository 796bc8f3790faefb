import Messages

/// The members of one object of settings, read by name; what nobody asked for is an error in the end.
///
/// As in llm-d-async, a number may stand in a string, an object or a list may stand in a string as JSON, and what is empty or
/// null is not there.
struct GateParameters {
    /// File and entry, such as `pools.json: [1] (batch).gate_params`.
    let place: String
    private let members: [SettingsValue.Member]
    private var known: [String] = []

    /// - Parameter value: an object, or a string that holds one; `nil` for none.
    init(_ value: SettingsValue?, at place: String) throws(GateSettingsError) {
        self.place = place
        guard case .object(let members) = try Self.unwrapped(value ?? .null, at: place, wanted: "an object") else {
            members = []
            return
        }
        self.members = members
        try Self.checkUnique(members, at: place)
    }

    private static func checkUnique(
        _ members: [SettingsValue.Member], at place: String
    ) throws(GateSettingsError) {
        guard let name = DoubledName.first(of: members) else { return }
        throw GateSettingsError("\(place).\(name.prefix(100))", "stands there twice")
    }

    func path(_ name: String) -> String { "\(place).\(name)" }

    func error(_ name: String, _ reason: String) -> GateSettingsError { GateSettingsError(path(name), reason) }

    /// Throws when there is something that nobody has asked for.
    func finish(_ whose: String) throws(GateSettingsError) {
        guard let member = members.first(where: { !known.contains($0.name) }) else { return }
        let names = known.isEmpty ? "none" : known.sorted().joined(separator: ", ")
        throw error(member.name, "is no parameter of \(whose), which has: \(names)")
    }

    // MARK: - Values

    /// `nil` if it is absent, null or empty.
    mutating func text(_ name: String) throws(GateSettingsError) -> String? {
        guard let value = value(name) else { return nil }
        guard case .string(let text) = value else { throw error(name, "is \(value.kind), expected a string") }
        return text.isEmpty ? nil : text
    }

    mutating func requiredText(_ name: String, _ meaning: String) throws(GateSettingsError) -> String {
        guard let text = try text(name) else { throw error(name, "is missing, expected \(meaning)") }
        return text
    }

    /// A finite number for which `isRight` holds.
    mutating func number(
        _ name: String, _ wanted: String, _ isRight: (Double) -> Bool
    ) throws(GateSettingsError) -> Double? {
        guard let value = value(name) else { return nil }
        let text: String
        switch value {
        case .string(""): return nil
        case .string(let string): text = string
        case .number(let number): text = number
        default: throw error(name, "is \(value.kind), expected \(wanted)")
        }
        guard let number = Double(text), number.isFinite, isRight(number) else {
            throw error(name, "is \(value.kind), expected \(wanted)")
        }
        return number
    }

    mutating func fraction(_ name: String) throws(GateSettingsError) -> Double? {
        try number(name, "a number from 0 to 1") { (0...1).contains($0) }
    }

    /// A whole number from 1 to a million million.
    mutating func requiredCount(_ name: String) throws(GateSettingsError) -> Int {
        let wanted = "a whole number of at least 1"
        guard let number = try number(name, wanted, { $0 >= 1 && $0 <= 1e12 && $0 == $0.rounded() }) else {
            throw error(name, "is missing, expected \(wanted)")
        }
        return Int(number)
    }

    mutating func duration(_ name: String) throws(GateSettingsError) -> Duration? {
        guard let text = try text(name) else { return nil }
        guard let duration = GoDuration.read(text) else {
            throw error(name, "is \"\(text.prefix(100))\", expected a duration such as 30s, 1m30s or 250ms")
        }
        return duration
    }

    mutating func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ name: String, _: Choice.Type = Choice.self
    ) throws(GateSettingsError) -> Choice? {
        guard let text = try text(name) else { return nil }
        guard let choice = Choice(rawValue: text) else {
            let names = Choice.allCases.map(\.rawValue).joined(separator: " or ")
            throw error(name, "is \"\(text.prefix(100))\", expected \(names)")
        }
        return choice
    }

    /// Names and strings.
    mutating func strings(_ name: String) throws(GateSettingsError) -> [String: String] {
        let value = try Self.unwrapped(value(name) ?? .null, at: path(name), wanted: "an object of strings")
        guard case .object(let members) = value else { return [:] }
        try Self.checkUnique(members, at: path(name))
        var strings: [String: String] = [:]
        for member in members {
            guard case .string(let text) = member.value else {
                throw error("\(name).\(member.name)", "is \(member.value.kind), expected a string")
            }
            strings[member.name] = text
        }
        return strings
    }

    /// An object that is there, or a string that holds one.
    mutating func requiredObject(_ name: String, _ meaning: String) throws(GateSettingsError) -> SettingsValue {
        guard let object = try object(name) else { throw error(name, "is missing, expected \(meaning)") }
        return object
    }

    /// An object or a string that holds one.
    mutating func object(_ name: String) throws(GateSettingsError) -> SettingsValue? {
        let object = try Self.unwrapped(value(name) ?? .null, at: path(name), wanted: "an object")
        return object == .null ? nil : object
    }

    /// A list that is there, or a string that holds one.
    mutating func requiredList(_ name: String, _ meaning: String) throws(GateSettingsError) -> [SettingsValue] {
        let list = try Self.unwrapped(value(name) ?? .null, at: path(name), wanted: "a list")
        guard case .array(let elements) = list else { throw error(name, "is missing, expected \(meaning)") }
        return elements
    }

    private mutating func value(_ name: String) -> SettingsValue? {
        known.append(name)
        let value = members.last { $0.name == name }?.value
        return value == .null ? nil : value
    }

    /// The value itself, or what the string holds; `null` for what is empty.
    private static func unwrapped(
        _ value: SettingsValue, at place: String, wanted: String
    ) throws(GateSettingsError) -> SettingsValue {
        let isList = wanted == "a list"
        var inner = value
        if case .string(let text) = value {
            if text.isEmpty { return .null }
            do throws(JSONError) { inner = try SettingsValue(Array(text.utf8)[...]) } catch {
                throw GateSettingsError(place, "expected \(wanted), or a string that holds one as JSON: \(error)")
            }
        }
        switch inner {
        case .null: return .null
        case .object where !isList, .array where isList: return inner
        default: throw GateSettingsError(place, "is \(inner.kind), expected \(wanted)")
        }
    }
}
