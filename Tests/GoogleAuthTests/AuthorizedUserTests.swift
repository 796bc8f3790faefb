import Loop
import Testing

@testable import GoogleAuth

@Suite(.timeLimit(.minutes(1)))
struct AuthorizedUserTests {
    private let folder: Folder

    init() throws { folder = try Folder() }

    @Test
    func tradesTheRefreshTokenForAToken() async throws {
        try await withTokenServer { request in
            let expected = [
                "grant_type": "refresh_token", "client_id": "client.apps.googleusercontent.com",
                "client_secret": "s3cret+/=&", "refresh_token": "1//refresh token",
            ]
            return request.method == "POST" && request.form == expected
                ? .token("token", lifetime: 1800) : .error(400, "invalid_grant", "Bad Request")
        } _: { server in
            let credentials = try folder.credentials(userFields(tokenURL: server.url()))
            #expect(
                await credentials.result()
                    == .success(AccessToken(text: Secret("token"), lifetime: .seconds(1800))))
        }
    }

    @Test
    func doesNotRepeatItsSecretsInErrors() async throws {
        try await withTokenServer { _ in
            .error(401, "invalid_client", "s3cret+/=& is not the secret of 1//refresh token, 1%2F%2Frefresh%20token")
        } _: { server in
            let error = try #require(await folder.credentials(userFields(tokenURL: server.url())).error())
            #expect(error.reason == "401 invalid_client: *** is not the secret of ***, ***")
            #expect(error.kind == .refused)
        }
    }

    @Test
    func keepsToItsQuotaProjectUnlessTheEnvironmentNamesAnother() throws {
        var fields = userFields(tokenURL: "https://oauth2.googleapis.com/token")
        #expect(try folder.credentials(fields).quotaProject == nil)
        fields["quota_project_id"] = "of-the-file"
        #expect(try folder.credentials(fields).quotaProject == "of-the-file")
        let environment = [
            "GOOGLE_APPLICATION_CREDENTIALS": try folder.write(fields), "GOOGLE_CLOUD_QUOTA_PROJECT": "of-the-variable",
        ]
        #expect(try GoogleCredentials.find(environment: environment).quotaProject == "of-the-variable")
    }
}
