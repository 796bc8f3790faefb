import Foundation
import Testing

@testable import GoogleAuth

struct GoogleCredentialsTests {
    private static let name = "application_default_credentials.json"
    private let folder: Folder

    init() throws { folder = try Folder() }

    private func error(_ environment: [String: String]) -> GoogleAuthError? {
        #expect(throws: GoogleAuthError.self) { try GoogleCredentials.find(environment: environment) }
    }

    @Test
    func looksAtTheVariableThenTheLoginThenTheMetadataServer() throws {
        let account = try folder.write(try TestAccount.fields(tokenURL: "https://oauth2.googleapis.com/token"))
        let user = userFields(tokenURL: "https://oauth2.googleapis.com/token")
        let login = try folder.write(user, to: ".config/gcloud/\(Self.name)")
        var environment = ["GOOGLE_APPLICATION_CREDENTIALS": account, "HOME": folder.path]
        #expect(
            try GoogleCredentials.find(environment: environment).description
                == "service account robot@project.iam.gserviceaccount.com, from \(account)")
        environment["GOOGLE_APPLICATION_CREDENTIALS"] = ""
        #expect(try GoogleCredentials.find(environment: environment).description == "a user's own login, from \(login)")
        try FileManager.default.removeItem(atPath: login)
        #expect(try GoogleCredentials.find(environment: environment).description.contains("metadata server"))
    }

    @Test
    func findsTheLoginInGcloudsOwnFolder() throws {
        let login = try folder.write(userFields(tokenURL: "https://oauth2.googleapis.com/token"), to: Self.name)
        let environment = ["CLOUDSDK_CONFIG": folder.path, "HOME": "/nonexistent"]
        #expect(try GoogleCredentials.find(environment: environment).description == "a user's own login, from \(login)")
    }

    @Test
    func aBadLoginIsAnErrorAndNoReasonToLookFurther() throws {
        let login = try folder.write("{", to: Self.name)
        #expect(error(["CLOUDSDK_CONFIG": folder.path])?.description == "read \(login): it is not JSON")
    }

    @Test
    func namesAMissingFileAndTheVariable() {
        let error = error(["GOOGLE_APPLICATION_CREDENTIALS": "/nonexistent/key.json", "HOME": folder.path])
        #expect(
            error?.description
                == "read /nonexistent/key.json (GOOGLE_APPLICATION_CREDENTIALS): No such file or directory")
        #expect(error?.isTransient == false)
    }

    @Test
    func namesAFileThatCannotBeRead() {
        let error = error(["GOOGLE_APPLICATION_CREDENTIALS": folder.path])
        #expect(error?.description == "read \(folder.path) (GOOGLE_APPLICATION_CREDENTIALS): Is a directory")
    }

    @Test(arguments: [
        ("", "it is not JSON"),
        ("[]", "expected a JSON object, found an array"),
        ("{}", "type: it is missing or empty"),
        (#"{"type":7}"#, "type: expected a string, found a number or a boolean"),
        (
            #"{"type":"impersonated_service_account"}"#,
            "type: expected service_account, authorized_user or external_account, found impersonated_service_account"
        ),
        (#"{"type":"service_account"}"#, "client_email: it is missing or empty"),
        (#"{"type":"service_account","client_email":"a"}"#, "private_key: it is missing or empty"),
        (
            #"{"type":"service_account","client_email":"a","token_uri":"oauth2.googleapis.com"}"#,
            "token_uri: expected https://… or http://…"
        ),
        (#"{"type":"authorized_user"}"#, "client_id: it is missing or empty"),
        (#"{"type":"authorized_user","client_id":"a"}"#, "client_secret: it is missing or empty"),
        (
            #"{"type":"authorized_user","client_id":"a","client_secret":"b","refresh_token":null}"#,
            "refresh_token: it is missing or empty"
        ),
        (#"{"type":"external_account"}"#, "token_url: it is missing or empty"),
        (#"{"type":"external_account","token_url":"https://a"}"#, "audience: it is missing or empty"),
    ])
    func namesTheFileAndTheFieldThatIsBad(json: String, reason: String) throws {
        let path = try folder.write(json)
        let error = error(["GOOGLE_APPLICATION_CREDENTIALS": path])
        #expect(error?.description == "read \(path) (GOOGLE_APPLICATION_CREDENTIALS): \(reason)")
    }

    @Test
    func refusesAFileThatIsFarTooLarge() throws {
        let path = try folder.write(String(repeating: " ", count: (1 << 20) + 1))
        #expect(error(["GOOGLE_APPLICATION_CREDENTIALS": path])?.reason == "the file is larger than 1048576 bytes")
    }
}
