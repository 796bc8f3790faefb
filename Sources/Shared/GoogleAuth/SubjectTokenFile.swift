import Foundation

/// Where somebody else's token lies.
struct SubjectTokenFile: Sendable {
    private let path: String
    /// The field that holds the token in a file of JSON; `nil` when the file is the token.
    private let field: String?

    /// - Parameter fields: of a file of type `external_account`.
    init(_ fields: JSONFields) throws(GoogleAuthError) {
        guard let source = try fields.objectIfPresent("credential_source") else {
            throw fields.error("credential_source", "it is missing")
        }
        for name in ["url", "executable", "environment_id", "certificate"] where source.has(name) {
            throw source.error(name, "this source of tokens is not supported; only credential_source.file is")
        }
        path = try source.text("file")
        let format = try source.objectIfPresent("format")
        switch try format?.textIfPresent("type") {
        case nil, "text": field = nil
        case "json": field = try format?.text("subject_token_field_name")
        default: throw source.error("format.type", "expected text or json")
        }
    }

    /// Reads the token that lies there now.
    func read() throws(GoogleAuthError) -> Secret {
        let action = "read \(path) (credential_source.file)"
        let bytes = try contents(of: path, action: action)
        if let field { return Secret(try JSONFields(bytes, .credentials, action).text(field)) }
        let token = String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        if token.isEmpty { throw GoogleAuthError(.credentials, action, "the file is empty") }
        return Secret(token)
    }
}
