import HTTP
import Loop
import Messages
import Primitives

/// Who we are to Google: Application Default Credentials.
///
/// Source: cloud.google.com/docs/authentication/application-default-credentials; google.aip.dev/auth/4110.
package struct GoogleCredentials: Sendable, CustomStringConvertible {
    enum Source: Sendable {
        case serviceAccount(ServiceAccount)
        case authorizedUser(AuthorizedUser)
        case externalAccount(ExternalAccount)
        case metadata(MetadataServer)
    }

    let source: Source
    /// Who we are, and who says so; without secrets, for the log.
    package let description: String
    /// The project that requests are counted against, to be sent as `X-Goog-User-Project`; `nil` for the account's own.
    ///
    /// From `GOOGLE_CLOUD_QUOTA_PROJECT`, or the file's `quota_project_id`. Pub/Sub refuses people
    /// (`authorized_user`) without one. Source: cloud.google.com/docs/quotas/set-quota-project.
    package let quotaProject: String?

    /// Looks where Google's own clients look, in their order; nobody is asked yet.
    ///
    /// The file that `GOOGLE_APPLICATION_CREDENTIALS` names, the one that `gcloud auth application-default login`
    /// leaves, the metadata server.
    ///
    /// - Throws: when a file is there but makes no sense; the error names the file and the field.
    package static func find(environment: [String: String]) throws(GoogleAuthError) -> GoogleCredentials {
        let project = environment.nonEmpty("GOOGLE_CLOUD_QUOTA_PROJECT")
        if let path = environment.nonEmpty(variable) {
            let action = "read \(path) (\(variable))"
            return try read(try contents(of: path, action: action), path, action, project)
        }
        let path = wellKnownPath(environment)
        if let path, let json = try contentsIfPresent(of: path, action: "read \(path)") {
            return try read(json, path, "read \(path)", project)
        }
        let server = try MetadataServer(
            environment, occasion: "\(variable) is not set and there is no \(path ?? "HOME with gcloud's credentials")")
        let description = "the default service account of the metadata server \(server.host)"
        return GoogleCredentials(source: .metadata(server), description: description, quotaProject: project)
    }

    private static let variable = "GOOGLE_APPLICATION_CREDENTIALS"

    private static func wellKnownPath(_ environment: [String: String]) -> String? {
        let folder =
            environment.nonEmpty("CLOUDSDK_CONFIG") ?? environment.nonEmpty("HOME").map { "\($0)/.config/gcloud" }
        return folder.map { "\($0)/application_default_credentials.json" }
    }

    private static func read(
        _ json: Bytes, _ path: String, _ action: String, _ project: String?
    ) throws(GoogleAuthError) -> GoogleCredentials {
        let fields = try JSONFields(json, .credentials, action)
        let (source, name) = try source(fields)
        let ownProject = try fields.textIfPresent("quota_project_id")
        return GoogleCredentials(
            source: source, description: "\(name), from \(path)", quotaProject: project ?? ownProject)
    }

    private static func source(_ fields: JSONFields) throws(GoogleAuthError) -> (Source, name: String) {
        switch try fields.text("type") {
        case "service_account":
            let account = try ServiceAccount(fields)
            return (.serviceAccount(account), "service account \(account.email)")
        case "authorized_user":
            return (.authorizedUser(try AuthorizedUser(fields)), "a user's own login")
        case "external_account":
            let account = try ExternalAccount(fields)
            return (.externalAccount(account), "external account of \(account.audience)")
        case let other:
            let known = "service_account, authorized_user or external_account"
            throw fields.error("type", "expected \(known), found \(other.prefix(50))")
        }
    }
}

extension GoogleCredentials {
    /// Gets a new token; one or two exchanges.
    @PipelineActor
    func accessToken(over client: HTTPClient) async throws(GoogleAuthError) -> AccessToken {
        switch source {
        case .serviceAccount(let account): try await client.answer(to: account.request(at: .now())).accessToken()
        case .authorizedUser(let user): try await client.answer(to: user.request).accessToken()
        case .externalAccount(let account): try await account.accessToken(over: client)
        case .metadata(let server): try await server.accessToken(over: client)
        }
    }
}

/// What all ways to a token have in common.
enum GoogleEndpoint {
    /// Where tokens come from unless the file says otherwise.
    static let token = "https://oauth2.googleapis.com/token"
    /// Every service of Google Cloud, as far as the account's roles go.
    ///
    /// Source: developers.google.com/identity/protocols/oauth2/scopes.
    static let scope = "https://www.googleapis.com/auth/cloud-platform"
}
