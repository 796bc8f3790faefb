import Foundation
import HTTP
import Loop
import Messages
import Primitives

/// The JSON object that came with a token.
struct TokenAnswer {
    private let fields: JSONFields

    /// - Throws: when the server said no, or nothing that can be understood.
    init(_ response: HTTPResponse, to request: TokenRequest) throws(GoogleAuthError) {
        guard (200..<300).contains(response.statusCode) else { throw GoogleAuthError(response, to: request) }
        fields = try JSONFields(response.body, .answer, request.action)
    }

    /// The token of an OAuth server or the metadata server.
    ///
    /// Source: RFC 6749, section 5.1.
    func accessToken() throws(GoogleAuthError) -> AccessToken {
        AccessToken(text: try bearer(), lifetime: .seconds(try fields.integer("expires_in")))
    }

    /// Only the token, where nobody needs to know how long it lives.
    func bearer() throws(GoogleAuthError) -> Secret { Secret(try fields.text("access_token")) }

    /// The token of generateAccessToken, which says when it ends instead of how long it lives.
    ///
    /// Source: cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken
    func impersonatedToken(at now: WallClock) throws(GoogleAuthError) -> AccessToken {
        let token = Secret(try fields.text("accessToken"))
        guard let end = milliseconds(ofDate: try fields.text("expireTime")) else {
            throw fields.error("expireTime", "expected a date such as 2030-01-31T12:00:00Z")
        }
        return AccessToken(text: token, lifetime: .milliseconds(end - now.milliseconds))
    }
}

/// Milliseconds since 1970 of a date in RFC 3339; fractions of a second are dropped.
func milliseconds(ofDate text: String) -> Int64? {
    let parts = text.split(separator: ".", maxSplits: 1)
    guard let whole = parts.first else { return nil }
    let zone = parts.count == 2 ? parts[1].drop { $0.isNumber } : ""
    guard let date = try? Date(String(whole + zone), strategy: .iso8601) else { return nil }
    // Years of any length are dates: what is further away than anybody lives is cut there.
    return Int64(min(max(date.timeIntervalSince1970 * 1000, -1e15), 1e15))
}

extension GoogleAuthError {
    /// An answer that is not a yes.
    fileprivate init(_ response: HTTPResponse, to request: TokenRequest) {
        let (code, message) = explanation(in: response.body)
        let isPassing = Self.passing.contains(response.statusCode) || response.statusCode >= 500
        let kind: Kind = isPassing || Self.passingCodes.contains(code) ? .unavailable : .refused
        let said = [code, message].filter { !$0.isEmpty }.joined(separator: ": ")
        let reason = "\(response.statusCode)" + (said.isEmpty ? "" : " \(request.shown(said))")
        self.init(kind, request.action, reason)
    }

    private static let passing: Set<Int> = [408, 429]
    /// Codes that Google sends with 400 and means as 5xx.
    ///
    /// Source: google-auth-library-python, google/oauth2/_client.py.
    private static let passingCodes: Set<String> = ["internal_failure", "server_error", "temporarily_unavailable"]
}

/// The code and the text of an error, each empty when there is none.
///
/// OAuth: `{"error": "invalid_grant", "error_description": "…"}`, RFC 6749, section 5.2. Google's other services:
/// `{"error": {"status": "PERMISSION_DENIED", "message": "…"}}`, google.aip.dev/193. Bodies of other forms, such as a
/// proxy's page, are not shown.
private func explanation(in body: Bytes) -> (code: String, message: String) {
    guard let value = try? JSONSerialization.jsonObject(with: Data(body)), let fields = value as? [String: Any] else {
        return ("", "")
    }
    if let error = fields["error"] as? [String: Any] {
        return (error["status"] as? String ?? "", error["message"] as? String ?? "")
    }
    return (fields["error"] as? String ?? "", fields["error_description"] as? String ?? "")
}
