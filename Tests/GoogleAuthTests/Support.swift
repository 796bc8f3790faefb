import CryptoExtras
import Foundation
import HTTP
import Loop
import Synchronization

@testable import GoogleAuth

/// A folder for the credentials of one test; removed with this object.
final class Folder: Sendable {
    let path: String

    init() throws {
        path = URL.temporaryDirectory.appending(path: "google-auth-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// - Returns: the file's path.
    @discardableResult
    func write(_ text: String, to name: String = "credentials.json") throws -> String {
        let file = URL(filePath: path).appending(path: name)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
        return file.path
    }

    /// - Returns: the file's path.
    @discardableResult
    func write(_ fields: [String: Any], to name: String = "credentials.json") throws -> String {
        let json = try JSONSerialization.data(withJSONObject: fields)
        return try write(String(decoding: json, as: UTF8.self), to: name)
    }

    /// The credentials of a file with these fields.
    func credentials(_ fields: [String: Any]) throws -> GoogleCredentials {
        try GoogleCredentials.find(environment: ["GOOGLE_APPLICATION_CREDENTIALS": try write(fields)])
    }
}

/// A service account as Google knows it.
struct TestAccount: Sendable {
    /// Made once: it takes a tenth of a second.
    static let key = Result { try _RSA.Signing.PrivateKey(keySize: .bits2048) }
    static let email = "robot@project.iam.gserviceaccount.com"
    static let keyID = "0123456789abcdef"

    /// The fields of a key file.
    static func fields(tokenURL: String, key: _RSA.Signing.PrivateKey? = nil) throws -> [String: Any] {
        [
            "type": "service_account", "client_email": email, "private_key_id": keyID,
            "private_key": try (key ?? Self.key.get()).pkcs8PEMRepresentation, "token_uri": tokenURL,
            "project_id": "project",
        ]
    }
}

/// The fields of a person's file.
func userFields(tokenURL: String) -> [String: Any] {
    [
        "type": "authorized_user", "client_id": "client.apps.googleusercontent.com",
        "client_secret": "s3cret+/=&", "refresh_token": "1//refresh token", "token_uri": tokenURL,
    ]
}

/// What only one test at a time turns.
@PipelineActor
final class HandClock {
    var now = Duration.seconds(1000)

    nonisolated init() {}

    func advance(_ seconds: Int) { now += .seconds(seconds) }
}

/// Holds whoever waits until it is opened.
final class Gate: Sendable {
    private let state = Mutex((isOpen: false, waiters: [CheckedContinuation<Void, Never>]()))

    func wait() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiters.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }

    func open() {
        let waiters = state.withLock { state in
            state.isOpen = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }
}

/// Waits up to ten seconds for something that happens elsewhere.
func eventually(_ condition: () async -> Bool) async -> Bool {
    for _ in 0..<2000 {
        if await condition() { return true }
        try? await Task.sleep(for: .milliseconds(5))
    }
    return false
}

extension GoogleTokens {
    /// Tokens of a user's login at `server`, on a clock that the test turns.
    convenience init(_ server: TokenServer, _ clock: HandClock = HandClock(), _ folder: Folder) throws {
        let credentials = try folder.credentials(userFields(tokenURL: server.url()))
        self.init(credentials, client: try HTTPClient()) { clock.now }
    }

    func result() async -> Result<String, GoogleAuthError> {
        do throws(GoogleAuthError) { return .success(try await token()) } catch { return .failure(error) }
    }

    func error() async -> GoogleAuthError? {
        if case .failure(let error) = await result() { return error }
        return nil
    }
}

extension GoogleCredentials {
    /// Asks once, without a cache.
    @PipelineActor
    func result() async -> Result<AccessToken, GoogleAuthError> {
        do throws(GoogleAuthError) {
            return .success(try await accessToken(over: try HTTPClient.forTests()))
        } catch {
            return .failure(error)
        }
    }

    @PipelineActor
    func error() async -> GoogleAuthError? {
        if case .failure(let error) = await result() { return error }
        return nil
    }
}

extension HTTPClient {
    fileprivate static func forTests() throws(GoogleAuthError) -> HTTPClient {
        do throws(HTTPError) { return try HTTPClient() } catch {
            throw GoogleAuthError(.network, error.action, error.reason)
        }
    }
}

/// Where a server is, for handlers that are made before it listens.
final class Audience: Sendable {
    private let value = Mutex("")

    var url: String {
        get { value.withLock(\.self) }
        set { value.withLock { $0 = newValue } }
    }
}
