import Loop
import Testing

@testable import GoogleAuth

@Suite(.timeLimit(.minutes(1)))
struct MetadataServerTests {
    private static let path = "/computeMetadata/v1/instance/service-accounts/default/token"

    @Test
    func asksTheHostOfTheEnvironmentForTheDefaultAccountsToken() async throws {
        try await withTokenServer { request in
            guard request.method == "GET", request.path == Self.path, request.header("Metadata-Flavor") == "Google"
            else {
                return TokenServer.Answer(status: 403, body: "")
            }
            return .token("token", lifetime: 3000)
        } _: { server in
            let credentials = try GoogleCredentials.find(environment: ["GCE_METADATA_HOST": server.host])
            #expect(credentials.description == "the default service account of the metadata server \(server.host)")
            #expect(
                await credentials.result()
                    == .success(AccessToken(text: Secret("token"), lifetime: .seconds(3000))))
        }
    }

    @Test
    func saysWhyItWasAsked() async throws {
        try await withTokenServer { _ in
            TokenServer.Answer(status: 404, body: "<html>")
        } _: { server in
            let credentials = try GoogleCredentials.find(environment: [
                "GCE_METADATA_HOST": server.host, "HOME": "/nonexistent",
            ])
            let file = "/nonexistent/.config/gcloud/application_default_credentials.json"
            let error = try #require(await credentials.error())
            #expect(
                error.description == "GET \(server.url(Self.path)): 404 "
                    + "(asked because GOOGLE_APPLICATION_CREDENTIALS is not set and there is no \(file))")
            #expect(!error.isTransient)
        }
    }

    @Test
    func isTheOneOfGoogleUnlessTheEnvironmentSaysOtherwise() throws {
        let credentials = try GoogleCredentials.find(environment: [:])
        #expect(credentials.description.hasSuffix("metadata.google.internal"))
    }

    @Test(arguments: ["http://host", "host/path", "user@host", "two hosts"])
    func refusesAHostThatIsNone(host: String) {
        let error = #expect(throws: GoogleAuthError.self) {
            try GoogleCredentials.find(environment: ["GCE_METADATA_HOST": host])
        }
        #expect(error?.description == "use GCE_METADATA_HOST: expected a host, or a host and a port")
    }
}
