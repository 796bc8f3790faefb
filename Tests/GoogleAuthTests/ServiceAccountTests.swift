import CryptoExtras
import Foundation
import Loop
import Testing

@testable import GoogleAuth

@Suite(.timeLimit(.minutes(1)))
struct ServiceAccountTests {
    private let folder: Folder

    init() throws { folder = try Folder() }

    @Test
    func tradesASignedAssertionForAToken() async throws {
        let key = try TestAccount.key.get()
        let audience = Audience()
        try await withTokenServer {
            answer($0, audience: audience.url, key: key.publicKey)
        } _: { server in
            audience.url = server.url()
            let credentials = try folder.credentials(try TestAccount.fields(tokenURL: server.url()))
            let token = try await credentials.result().get()
            #expect(token == AccessToken(text: Secret("ya29.token"), lifetime: .seconds(3600)))
            #expect(server.requests.map(\.path) == ["/token"])
        }
    }

    @Test
    func readsAKeyInTheOlderForm() async throws {
        let key = try TestAccount.key.get()
        let audience = Audience()
        try await withTokenServer {
            answer($0, audience: audience.url, key: key.publicKey)
        } _: { server in
            audience.url = server.url()
            var fields = try TestAccount.fields(tokenURL: server.url())
            fields["private_key"] = key.pemRepresentation
            #expect(try await folder.credentials(fields).result().get().text == Secret("ya29.token"))
        }
    }

    @Test
    func aKeyThatTheServerDoesNotKnowIsRefused() async throws {
        let known = try TestAccount.key.get().publicKey
        let audience = Audience()
        try await withTokenServer {
            answer($0, audience: audience.url, key: known)
        } _: { server in
            audience.url = server.url()
            let other = try _RSA.Signing.PrivateKey(keySize: .bits2048)
            let fields = try TestAccount.fields(tokenURL: server.url(), key: other)
            let error = try #require(await folder.credentials(fields).error())
            #expect(error.description == "POST \(server.url()): 400 invalid_grant: Invalid JWT Signature")
            #expect(!error.isTransient)
        }
    }

    @Test
    func doesNotRepeatItsAssertionInErrors() async throws {
        try await withTokenServer { request in
            .error(400, "invalid_grant", "Bad assertion \(request.form["assertion"] ?? "none")")
        } _: { server in
            let fields = try TestAccount.fields(tokenURL: server.url())
            let error = try #require(await folder.credentials(fields).error())
            #expect(error.reason == "400 invalid_grant: Bad assertion ***")
        }
    }

    @Test(arguments: ["", "secret", "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n"])
    func aBadKeyIsNamedButNotShown(key: String) throws {
        var fields = try TestAccount.fields(tokenURL: "https://oauth2.googleapis.com/token")
        fields["private_key"] = key
        let path = try folder.write(fields)
        let error = #expect(throws: GoogleAuthError.self) {
            try GoogleCredentials.find(environment: ["GOOGLE_APPLICATION_CREDENTIALS": path])
        }
        #expect(error?.action == "read \(path) (GOOGLE_APPLICATION_CREDENTIALS)")
        #expect(error?.reason.hasPrefix("private_key: ") == true)
        #expect(error?.isTransient == false)
        #expect(error?.description.contains("c2VjcmV0") == false && error?.description.contains("secret") == false)
    }

    @Test
    func showsNoSecretsWhenItIsPrinted() throws {
        let credentials = try folder.credentials(userFields(tokenURL: "https://oauth2.googleapis.com/token"))
        var dumped = "\(credentials) \(String(reflecting: credentials)) \(credentials.source)"
        dump(credentials, to: &dumped)
        #expect(!dumped.contains("s3cret"))
        #expect(!dumped.contains("1//refresh"))
    }
}
