import Foundation
import Loop
import Testing

@testable import GoogleAuth

@Suite(.timeLimit(.minutes(1)))
struct ExternalAccountTests {
    private static let audience =
        "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/provider"
    private let folder: Folder

    init() throws { folder = try Folder() }

    private func fields(_ server: TokenServer?, impersonates: Bool = false) -> [String: Any] {
        var fields: [String: Any] = [
            "type": "external_account", "audience": Self.audience,
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": server?.url("/v1/token") ?? "https://sts.googleapis.com/v1/token",
            "credential_source": ["file": "\(folder.path)/subject"],
        ]
        if impersonates {
            fields["service_account_impersonation_url"] = server?.url("/robot:generateAccessToken")
            fields["service_account_impersonation"] = ["token_lifetime_seconds": 2800]
        }
        return fields
    }

    /// Answers as Google's security token service does, for this subject token.
    private static func exchange(
        _ request: TokenServer.Request, subject: String, token: String
    ) -> TokenServer.Answer {
        let expected = [
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange", "audience": audience,
            "scope": "https://www.googleapis.com/auth/cloud-platform",
            "requested_token_type": "urn:ietf:params:oauth:token-type:access_token", "subject_token": subject,
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        ]
        guard request.method == "POST", request.path == "/v1/token", request.header("Authorization") == nil,
            request.form == expected
        else {
            return .error(400, "invalid_request", "Not what was expected of \(request.form["subject_token"] ?? "")")
        }
        return .token(token)
    }

    @Test
    func tradesTheTokenInTheFileAsItIsNow() async throws {
        try await withTokenServer { request in
            Self.exchange(request, subject: "subject-\(request.number)", token: "token-\(request.number)")
        } _: { server in
            let credentials = try folder.credentials(fields(server))
            for number in [1, 2] {
                try folder.write(" subject-\(number)\n", to: "subject")
                #expect(try await credentials.result().get().text == Secret("token-\(number)"))
            }
        }
    }

    @Test
    func readsTheTokenFromAFieldOfJSON() async throws {
        try await withTokenServer {
            Self.exchange($0, subject: "subject", token: "token")
        } _: { server in
            var fields = fields(server)
            let format = ["type": "json", "subject_token_field_name": "id_token"]
            fields["credential_source"] = ["file": "\(folder.path)/subject", "format": format]
            try folder.write(["id_token": "subject"], to: "subject")
            #expect(try await folder.credentials(fields).result().get().text == Secret("token"))
        }
    }

    @Test
    func becomesAServiceAccountWithTheTokenItGot() async throws {
        try await withTokenServer { request in
            guard request.path == "/robot:generateAccessToken" else {
                return Self.exchange(request, subject: "subject", token: "federated")
            }
            let body = try? JSONSerialization.jsonObject(with: request.body) as? [String: Any]
            guard request.method == "POST", request.header("Authorization") == "Bearer federated",
                request.header("Content-Type") == "application/json", body?["lifetime"] as? String == "2800s",
                body?["scope"] as? [String] == ["https://www.googleapis.com/auth/cloud-platform"]
            else { return TokenServer.Answer(status: 400, body: "") }
            let end = Date(timeIntervalSinceNow: 2800).formatted(.iso8601)
            return TokenServer.Answer(body: #"{"accessToken":"robot","expireTime":"\#(end)"}"#)
        } _: { server in
            try folder.write("subject", to: "subject")
            let token = try await folder.credentials(fields(server, impersonates: true)).result().get()
            #expect(token.text == Secret("robot"))
            #expect(token.lifetime > .seconds(2700) && token.lifetime <= .seconds(2800))
            #expect(server.requests.map(\.path) == ["/v1/token", "/robot:generateAccessToken"])
        }
    }

    @Test
    func saysWhyItMayNotBecomeTheServiceAccount() async throws {
        try await withTokenServer { request in
            guard request.path != "/v1/token" else { return .token("federated") }
            let error = #"{"code":403,"message":"federated may\nnot","status":"PERMISSION_DENIED"}"#
            return TokenServer.Answer(status: 403, body: #"{"error":\#(error)}"#)
        } _: { server in
            try folder.write("subject", to: "subject")
            let error = try #require(await folder.credentials(fields(server, impersonates: true)).error())
            let url = server.url("/robot:generateAccessToken")
            #expect(error.description == "POST \(url): 403 PERMISSION_DENIED: *** may not")
            #expect(!error.isTransient)
        }
    }

    @Test
    func doesNotRepeatTheSubjectTokenInErrors() async throws {
        try await withTokenServer {
            Self.exchange($0, subject: "another", token: "token")
        } _: { server in
            try folder.write("subject", to: "subject")
            let error = try #require(await folder.credentials(fields(server)).error())
            #expect(error.reason == "400 invalid_request: Not what was expected of ***")
        }
    }

    @Test
    func namesTheSubjectTokensFileWhenItIsMissingOrEmpty() async throws {
        let credentials = try folder.credentials(fields(nil))
        let file = "read \(folder.path)/subject (credential_source.file)"
        #expect(await credentials.error()?.description == "\(file): No such file or directory")
        try folder.write(" \n", to: "subject")
        let error = try #require(await credentials.error())
        #expect(error.description == "\(file): the file is empty")
        #expect(!error.isTransient)
    }

    @Test(arguments: [
        (#"{"url":"http://169.254.169.254/token"}"#, "credential_source.url: "),
        (#"{"executable":{"command":"/bin/token"}}"#, "credential_source.executable: "),
        (#"{"environment_id":"aws1"}"#, "credential_source.environment_id: "),
        (#"{}"#, "credential_source.file: it is missing or empty"),
        (#"{"file":7}"#, "credential_source.file: expected a string, found a number or a boolean"),
        (#"{"file":"/a","format":{"type":"xml"}}"#, "credential_source.format.type: expected text or json"),
        (
            #"{"file":"/a","format":{"type":"json"}}"#,
            "credential_source.format.subject_token_field_name: it is missing"
        ),
        (#""/a""#, "credential_source: expected an object, found a string"),
    ])
    func namesWhatItDoesNotSupport(source: String, reason: String) throws {
        var fields = fields(nil)
        fields["credential_source"] = try JSONSerialization.jsonObject(
            with: Data(source.utf8), options: .fragmentsAllowed)
        let error = #expect(throws: GoogleAuthError.self) { try folder.credentials(fields) }
        #expect(error?.reason.hasPrefix(reason) == true, "\(error?.reason ?? "")")
        #expect(error?.action.contains(folder.path) == true)
    }

    @Test(arguments: [("workforce_pool_user_project", "1"), ("client_id", "2")])
    func refusesWorkforcePools(field: String, value: String) throws {
        var fields = fields(nil)
        fields[field] = value
        let error = #expect(throws: GoogleAuthError.self) { try folder.credentials(fields) }
        #expect(error?.reason.hasPrefix("\(field): ") == true)
    }

    @Test(arguments: [599, 43_201])
    func refusesALifetimeThatGoogleDoes(seconds: Int) async throws {
        var fields = fields(nil)
        fields["service_account_impersonation_url"] = "https://iamcredentials.googleapis.com/robot"
        fields["service_account_impersonation"] = ["token_lifetime_seconds": seconds]
        let error = #expect(throws: GoogleAuthError.self) { try folder.credentials(fields) }
        let field = "service_account_impersonation.token_lifetime_seconds"
        #expect(error?.reason == "\(field): expected 600 to 43200")
    }
}
