import CryptoExtras
import Foundation
import Loop
import Messages
import Primitives

/// A service account whose private key we hold: an assertion signed with it is traded for a token.
///
/// Source: RFC 7523, section 2.1; developers.google.com/identity/protocols/oauth2/service-account#httprest.
struct ServiceAccount: Sendable {
    let email: String
    private let tokenURL: String
    private let keyID: String?
    private let key: _RSA.Signing.PrivateKey

    /// - Parameter fields: of a file of type `service_account`.
    init(_ fields: JSONFields) throws(GoogleAuthError) {
        email = try fields.text("client_email")
        tokenURL = try fields.urlIfPresent("token_uri") ?? GoogleEndpoint.token
        keyID = try fields.textIfPresent("private_key_id")
        let pem = try fields.text("private_key")
        do {
            key = try _RSA.Signing.PrivateKey(pemRepresentation: pem)
        } catch {
            // What the library says may show parts of the key.
            throw fields.error("private_key", "expected an RSA key of at least 2048 bits in PEM form")
        }
    }

    func request(at now: WallClock) throws(GoogleAuthError) -> TokenRequest {
        let assertion = try assertion(at: now)
        let fields = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", assertion.text),
        ]
        return .form(tokenURL, fields, secrets: [assertion])
    }

    /// A JSON web token: header, claims and signature, each in base64, with dots between.
    ///
    /// Signing takes about a millisecond, once an hour. Source: RFC 7515, section 3.1; RFC 7518, section 3.3 (RS256).
    private func assertion(at now: WallClock) throws(GoogleAuthError) -> Secret {
        let signed = "\(base64URL(header[...])).\(base64URL(claims(at: now)[...]))"
        do {
            let signature = try key.signature(for: Data(signed.utf8), padding: .insecurePKCS1v1_5)
            return Secret("\(signed).\(base64URL(Array(signature.rawRepresentation)[...]))")
        } catch {
            throw GoogleAuthError(.credentials, "sign an assertion of \(email)", "\(error)")
        }
    }

    private var header: [UInt8] {
        var json = Array(#"{"alg":"RS256","typ":"JWT""#.utf8)
        if let keyID {
            json.append(",\"kid\":")
            json.appendJSONString(keyID)
        }
        json.append("}")
        return json
    }

    /// From ten seconds ago, as our clock may be ahead of Google's, for the longest time that is allowed.
    private func claims(at now: WallClock) -> [UInt8] {
        let begin = now.seconds - 10
        var json = Array(#"{"iss":"#.utf8)
        json.appendJSONString(email)
        json.append(",\"scope\":")
        json.appendJSONString(GoogleEndpoint.scope)
        json.append(",\"aud\":")
        json.appendJSONString(tokenURL)
        json += ",\"iat\":\(begin),\"exp\":\(begin + 3600)}".utf8
        return json
    }
}
