import HTTP
import Messages

/// A request for a token, and what in it must not be seen.
struct TokenRequest: Sendable {
    /// Seconds; Google answers within one.
    private static let timeout = Duration.seconds(30)
    private static let maxResponseBytes = 1 << 20

    let http: HTTPRequest
    private let secrets: [Secret]

    private init(_ http: HTTPRequest, secrets: [Secret]) {
        self.http = http
        self.secrets = secrets
    }

    /// Posts a form.
    static func form(_ url: String, _ fields: [(name: String, value: String)], secrets: [Secret]) -> TokenRequest {
        let pairs = fields.map { "\(formEncoded($0.name))=\(formEncoded($0.value))" }
        let headers = [HeaderField("Content-Type", "application/x-www-form-urlencoded")]
        return make(.post, url, headers, Array(pairs.joined(separator: "&").utf8)[...], secrets)
    }

    /// Posts JSON in the name of whom `bearer` was given to.
    static func json(_ url: String, _ body: [UInt8], bearer: Secret) -> TokenRequest {
        let headers = [
            HeaderField("Content-Type", "application/json"), HeaderField("Authorization", "Bearer \(bearer.text)"),
        ]
        return make(.post, url, headers, body[...], [bearer])
    }

    static func get(_ url: String, headers: [HeaderField]) -> TokenRequest { make(.get, url, headers, [], []) }

    private static func make(
        _ method: HTTPMethod, _ url: String, _ headers: [HeaderField], _ body: Bytes, _ secrets: [Secret]
    ) -> TokenRequest {
        let request = HTTPRequest(
            method, url: url, headers: headers, body: body, timeout: timeout, maxResponseBytes: maxResponseBytes)
        return TokenRequest(request, secrets: secrets)
    }

    /// What errors say was tried.
    var action: String { "\(http.method.rawValue) \(redacted(http.url))" }

    /// Text of the server, fit to be shown: on one line, at most 300 characters, without the secrets it was sent.
    func shown(_ text: String) -> String {
        var shown = text
        for secret in secrets where !secret.text.isEmpty {
            shown = shown.replacing(secret.text, with: "***").replacing(formEncoded(secret.text), with: "***")
        }
        return String(String.UnicodeScalarView(shown.unicodeScalars.map { $0.value < 0x20 ? " " : $0 }).prefix(300))
    }
}
