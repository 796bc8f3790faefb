import Foundation
import Messages

/// The fields of one JSON object, and what errors about them say.
///
/// Errors name the field, never its value. An empty string counts as a missing one.
struct JSONFields {
    private let kind: GoogleAuthError.Kind
    private let action: String
    /// Names of the objects around this one, each with a dot.
    private let prefix: String
    private let values: [String: Any]

    /// - Parameters:
    ///   - kind: of the errors about these fields.
    ///   - action: what was tried on what, such as `read /etc/key.json`.
    init(_ json: Bytes, _ kind: GoogleAuthError.Kind, _ action: String) throws(GoogleAuthError) {
        guard let value = try? JSONSerialization.jsonObject(with: Data(json), options: .fragmentsAllowed) else {
            throw GoogleAuthError(kind, action, "it is not JSON")
        }
        guard let values = value as? [String: Any] else {
            throw GoogleAuthError(kind, action, "expected a JSON object, found \(name(of: value))")
        }
        self.init(kind: kind, action: action, prefix: "", values: values)
    }

    private init(kind: GoogleAuthError.Kind, action: String, prefix: String, values: [String: Any]) {
        self.kind = kind
        self.action = action
        self.prefix = prefix
        self.values = values
    }

    func has(_ name: String) -> Bool { present(name) != nil }

    func text(_ name: String) throws(GoogleAuthError) -> String {
        guard let text = try textIfPresent(name) else { throw error(name, "it is missing or empty") }
        return text
    }

    func textIfPresent(_ name: String) throws(GoogleAuthError) -> String? {
        guard let value = present(name) else { return nil }
        guard let text = value as? String else { throw mismatch(name, "a string", value) }
        return text.isEmpty ? nil : text
    }

    func url(_ name: String) throws(GoogleAuthError) -> String {
        guard let url = try urlIfPresent(name) else { throw error(name, "it is missing or empty") }
        return url
    }

    /// `http` is for servers on the machine itself and for tests.
    func urlIfPresent(_ name: String) throws(GoogleAuthError) -> String? {
        guard let url = try textIfPresent(name) else { return nil }
        let start = url.prefix(8).lowercased()
        guard start == "https://" || start.hasPrefix("http://") else {
            throw error(name, "expected https://… or http://…")
        }
        return url
    }

    func integer(_ name: String) throws(GoogleAuthError) -> Int {
        guard let integer = try integerIfPresent(name) else { throw error(name, "it is missing") }
        return integer
    }

    func integerIfPresent(_ name: String) throws(GoogleAuthError) -> Int? {
        guard let value = present(name) else { return nil }
        guard let number = value as? NSNumber, let integer = Int(exactly: number) else {
            throw mismatch(name, "an integer", value)
        }
        return integer
    }

    func objectIfPresent(_ name: String) throws(GoogleAuthError) -> JSONFields? {
        guard let value = present(name) else { return nil }
        guard let values = value as? [String: Any] else { throw mismatch(name, "an object", value) }
        return JSONFields(kind: kind, action: action, prefix: "\(prefix)\(name).", values: values)
    }

    func error(_ name: String, _ reason: String) -> GoogleAuthError {
        GoogleAuthError(kind, action, "\(prefix)\(name): \(reason)")
    }

    private func mismatch(_ field: String, _ wanted: String, _ value: Any) -> GoogleAuthError {
        error(field, "expected \(wanted), found \(name(of: value))")
    }

    private func present(_ name: String) -> Any? { values[name].flatMap { $0 is NSNull ? nil : $0 } }
}

/// The kind of a JSON value, for people.
private func name(of value: Any) -> String {
    switch value {
    case is NSNull: "null"
    case is String: "a string"
    case is NSNumber: "a number or a boolean"
    case is [Any]: "an array"
    default: "an object"
    }
}
