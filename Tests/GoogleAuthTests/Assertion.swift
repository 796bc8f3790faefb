import CryptoExtras
import Foundation

@testable import GoogleAuth

/// What a server of Google sees in a request with an assertion.
struct Assertion {
    let header: [String: Any]
    let claims: [String: Any]
    private let signed: String
    private let signature: Data

    init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let header = Self.object(parts[0]), let claims = Self.object(parts[1]),
            let signature = Self.bytes(parts[2])
        else { return nil }
        self.header = header
        self.claims = claims
        self.signature = signature
        signed = "\(parts[0]).\(parts[1])"
    }

    func isSigned(with key: _RSA.Signing.PublicKey) -> Bool {
        let signature = _RSA.Signing.RSASignature(rawRepresentation: signature)
        return key.isValidSignature(signature, for: Data(signed.utf8), padding: .insecurePKCS1v1_5)
    }

    private static func object(_ part: Substring) -> [String: Any]? {
        bytes(part).flatMap { try? JSONSerialization.jsonObject(with: $0) } as? [String: Any]
    }

    /// `nil` for what is not base64url without padding.
    private static func bytes(_ part: Substring) -> Data? {
        guard part.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "-_".contains($0)) }) else { return nil }
        var text = String(part).replacing("-", with: "+").replacing("_", with: "/")
        while text.utf8.count % 4 != 0 { text += "=" }
        return Data(base64Encoded: text)
    }
}

/// Answers as Google does: a token for an assertion that is good in every respect.
///
/// Source: developers.google.com/identity/protocols/oauth2/service-account#httprest, "Error codes".
func answer(
    _ request: TokenServer.Request, audience: String, key: _RSA.Signing.PublicKey
) -> TokenServer.Answer {
    guard request.method == "POST", request.form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer" else {
        return .error(400, "unsupported_grant_type", "Invalid grant_type")
    }
    guard let assertion = request.form["assertion"].flatMap({ Assertion($0) }) else {
        return .error(400, "invalid_grant", "Invalid JWT")
    }
    guard assertion.header["alg"] as? String == "RS256", assertion.header["typ"] as? String == "JWT",
        assertion.header["kid"] as? String == TestAccount.keyID, assertion.isSigned(with: key)
    else { return .error(400, "invalid_grant", "Invalid JWT Signature") }
    let claims = assertion.claims
    guard claims["iss"] as? String == TestAccount.email else {
        return .error(400, "invalid_grant", "Invalid grant: account not found")
    }
    guard claims["aud"] as? String == audience else { return .error(400, "invalid_grant", "Invalid JWT: aud") }
    guard claims["scope"] as? String == "https://www.googleapis.com/auth/cloud-platform" else {
        return .error(400, "invalid_scope", "Invalid OAuth scope or ID token audience provided")
    }
    let now = Int(Date().timeIntervalSince1970)
    guard let begin = claims["iat"] as? Int, let end = claims["exp"] as? Int, begin <= now, begin > now - 60,
        end > now + 3500, end - begin <= 3600
    else { return .error(400, "invalid_grant", "Invalid JWT: check iat and exp") }
    return .token("ya29.token")
}
