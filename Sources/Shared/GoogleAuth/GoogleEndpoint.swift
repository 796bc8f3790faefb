/// What all ways to a token have in common.
enum GoogleEndpoint {
    /// Where tokens come from unless the file says otherwise.
    static let token = "https://oauth2.googleapis.com/token"
    /// Every service of Google Cloud, as far as the account's roles go.
    ///
    /// Source: developers.google.com/identity/protocols/oauth2/scopes.
    static let scope = "https://www.googleapis.com/auth/cloud-platform"
}
