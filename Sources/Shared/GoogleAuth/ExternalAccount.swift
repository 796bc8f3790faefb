import HTTP
import Loop
import Messages
import Primitives

/// A workload that somebody else vouches for (workload identity federation): their token, which lies in a file, is traded
/// for one of Google's, and that, where the file says so, for the token of a service account.
///
/// Source: RFC 8693, section 2.1; google.aip.dev/auth/4117.
struct ExternalAccount: Sendable {
    private static let accessTokenType = "urn:ietf:params:oauth:token-type:access_token"

    private let tokenURL: String
    let audience: String
    private let subjectTokenType: String
    private let subjectToken: SubjectTokenFile
    private let impersonation: Impersonation?

    /// - Parameter fields: of a file of type `external_account`.
    init(_ fields: JSONFields) throws(GoogleAuthError) {
        for name in ["workforce_pool_user_project", "client_id"] where fields.has(name) {
            throw fields.error(name, "only workload identity pools are supported, which have no such field")
        }
        tokenURL = try fields.url("token_url")
        audience = try fields.text("audience")
        subjectTokenType = try fields.text("subject_token_type")
        subjectToken = try SubjectTokenFile(fields)
        impersonation = try Impersonation(fields)
    }

    @PipelineActor
    func accessToken(over client: HTTPClient) async throws(GoogleAuthError) -> AccessToken {
        // Whoever writes the file replaces it before the token in it ends, so it is read each time.
        let answer = try await client.answer(to: request(for: await subjectToken.read()))
        guard let impersonation else { return try answer.accessToken() }
        let request = impersonation.request(as: try answer.bearer())
        return try await client.answer(to: request).impersonatedToken(at: .now())
    }

    private func request(for subjectToken: Secret) -> TokenRequest {
        let fields = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"), ("audience", audience),
            ("scope", GoogleEndpoint.scope), ("requested_token_type", Self.accessTokenType),
            ("subject_token", subjectToken.text), ("subject_token_type", subjectTokenType),
        ]
        return .form(tokenURL, fields, secrets: [subjectToken])
    }
}

/// The service account to become.
private struct Impersonation: Sendable {
    private let url: String
    /// Seconds.
    private let lifetime: Int

    /// `nil` when the workload acts as itself.
    init?(_ fields: JSONFields) throws(GoogleAuthError) {
        guard let url = try fields.urlIfPresent("service_account_impersonation_url") else { return nil }
        self.url = url
        let options = try fields.objectIfPresent("service_account_impersonation")
        lifetime = try options?.integerIfPresent("token_lifetime_seconds") ?? 3600
        if let options, !(600...43_200).contains(lifetime) {
            throw options.error("token_lifetime_seconds", "expected 600 to 43200")
        }
    }

    func request(as bearer: Secret) -> TokenRequest {
        var json = Array(#"{"scope":["#.utf8)
        json.appendJSONString(GoogleEndpoint.scope)
        json += "],\"lifetime\":\"\(lifetime)s\"}".utf8
        return .json(url, json, bearer: bearer)
    }
}
