package import Messages

/// Finds a name that stands twice in one object of a document of settings.
///
/// Readers of JSON take the last of the two, some the first: who wrote both has meant something else.
package enum DoubledName {
    /// - Returns: the path of the first one, such as `queues[1].gate_params.limit`; `nil` for none, and for what is not JSON.
    package static func find(in text: Bytes) -> String? {
        guard let document = try? SettingsValue(text) else { return nil }
        return find(in: document, at: "")
    }

    private static func find(in value: SettingsValue, at path: String) -> String? {
        switch value {
        case .object(let members):
            if let name = first(of: members) { return join(path, name) }
            for member in members {
                if let found = find(in: member.value, at: join(path, member.name)) { return found }
            }
        case .array(let elements):
            for (index, element) in elements.enumerated() {
                if let found = find(in: element, at: "\(path)[\(index)]") { return found }
            }
        case .string, .number, .boolean, .null: break
        }
        return nil
    }

    /// Among the members of one object.
    static func first(of members: [SettingsValue.Member]) -> String? {
        var names: Set<ExactText> = []
        return members.first { !names.insert(ExactText($0.name)).inserted }?.name
    }

    private static func join(_ path: String, _ name: String) -> String {
        let name = name.prefix(100)
        return path.isEmpty ? "\(name)" : "\(path).\(name)"
    }
}
