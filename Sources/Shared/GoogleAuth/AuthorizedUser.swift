/// A person who logged in with `gcloud auth application-default login`: the refresh token is traded for a token.
///
/// Source: RFC 6749, section 6.
struct AuthorizedUser: Sendable {
    private let tokenURL: String
    private let clientID: String
    private let clientSecret: Secret
    private let refreshToken: Secret

    /// - Parameter fields: of a file of type `authorized_user`.
    init(_ fields: JSONFields) throws(GoogleAuthError) {
        tokenURL = try fields.urlIfPresent("token_uri") ?? GoogleEndpoint.token
        clientID = try fields.text("client_id")
        clientSecret = Secret(try fields.text("client_secret"))
        refreshToken = Secret(try fields.text("refresh_token"))
    }

    var request: TokenRequest {
        let fields = [
            ("grant_type", "refresh_token"), ("client_id", clientID), ("client_secret", clientSecret.text),
            ("refresh_token", refreshToken.text),
        ]
        return .form(tokenURL, fields, secrets: [clientSecret, refreshToken])
    }
}
