import Foundation
import Loop

/// Where somebody else's token lies.
struct SubjectTokenFile: Sendable {
    private let path: String
    /// The field that holds the token in a file of JSON; `nil` when the file is the token.
    private let field: String?
    private let call = BlockingCall()

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

    /// Reads the token that lies there now; not on this thread, as the file may lie on a mount that hangs.
    func read() async throws(GoogleAuthError) -> Secret {
        let (path, field) = (path, field)
        let outcome = await call.run(within: .seconds(10)) {
            Result { () throws(GoogleAuthError) in try Self.read(path, field: field) }
        }
        guard case .done(let result) = outcome else {
            throw GoogleAuthError(
                .unavailable, "read \(path) (credential_source.file)",
                "it takes longer than ten seconds; does its mount hang?")
        }
        return try result.get()
    }

    private static func read(_ path: String, field: String?) throws(GoogleAuthError) -> Secret {
        let action = "read \(path) (credential_source.file)"
        let bytes = try contents(of: path, action: action)
        if let field { return Secret(try JSONFields(bytes, .credentials, action).text(field)) }
        let token = String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        if token.isEmpty { throw GoogleAuthError(.credentials, action, "the file is empty") }
        return Secret(token)
    }
}
