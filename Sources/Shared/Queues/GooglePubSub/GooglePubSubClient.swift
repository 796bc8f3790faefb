import GoogleAuth
package import HTTP
package import Loop
package import Messages
package import Queue

/// Calls of Pub/Sub's REST interface, many at once, on the pipeline thread.
///
/// With `PUBSUB_EMULATOR_HOST` in the environment it talks to the emulator, without a token; otherwise to Google, with
/// Application Default Credentials. A 401 fetches another token, once.
///
/// Source: cloud.google.com/pubsub/docs/reference/rest; cloud.google.com/pubsub/docs/emulator
@PipelineActor
package final class GooglePubSubClient {
    /// Where the emulator is, or Google.
    package let server: String
    /// Where Cloud Monitoring is; `nil` with the emulator, which has none.
    package let monitoring: String?
    private let http: HTTPClient
    private let tokens: GoogleTokens?
    private let quotaProject: String?

    /// - Parameters:
    ///   - environment: of the process.
    ///   - connections: calls at once, about.
    package convenience init(environment: [String: String], connections: Int) throws(GooglePubSubError) {
        let emulator = environment["PUBSUB_EMULATOR_HOST"] ?? ""
        let http: HTTPClient
        do throws(HTTPError) {
            http = try HTTPClient(
                HTTPClientOptions(maxIdleConnections: connections, unconfirmedTimeout: .seconds(20)))
        } catch {
            throw GooglePubSubError(.noAnswer, error.action, error.reason)
        }
        if !emulator.isEmpty {
            self.init(server: "http://\(emulator)", http: http)
            return
        }
        do throws(GoogleAuthError) {
            let credentials = try GoogleCredentials.find(environment: environment)
            self.init(
                server: "https://pubsub.googleapis.com", monitoring: "https://monitoring.googleapis.com", http: http,
                tokens: GoogleTokens(credentials, client: http),
                quotaProject: credentials.quotaProject)
        } catch {
            throw GooglePubSubError(error)
        }
    }

    init(
        server: String, monitoring: String? = nil, http: HTTPClient, tokens: GoogleTokens? = nil,
        quotaProject: String? = nil
    ) {
        self.server = server
        self.monitoring = monitoring
        self.http = http
        self.tokens = tokens
        self.quotaProject = quotaProject
    }

    /// Posts `body` (JSON) to `path`, such as `projects/p/topics/t:publish`.
    ///
    /// - Returns: the answer's body.
    package func post(_ path: String, _ body: [UInt8], timeout: Duration = callTimeout) async throws(GooglePubSubError)
        -> Bytes
    {
        try await call(.post, "\(server)/v1/\(path)", "POST \(path)", body[...], timeout)
    }

    package func get(_ path: String) async throws(GooglePubSubError) -> Bytes {
        try await call(.get, "\(server)/v1/\(path)", "GET \(path)", [], Self.callTimeout)
    }

    /// Gets a document of another of Google's services.
    package func get(url: String, named name: String) async throws(GooglePubSubError) -> Bytes {
        try await call(.get, url, "GET \(name)", [], Self.callTimeout)
    }

    /// Long enough for a server that has stopped for a while, short enough to find out that a connection is dead.
    package nonisolated static let callTimeout = Duration.seconds(30)

    private func call(
        _ method: HTTPMethod, _ url: String, _ action: String, _ body: Bytes, _ timeout: Duration
    ) async throws(GooglePubSubError) -> Bytes {
        var isRepeated = false
        while true {
            let pass = try await pass()
            let request = HTTPRequest(method, url: url, headers: pass.headers, body: body, timeout: timeout)
            let response: HTTPResponse
            do throws(HTTPError) { response = try await http.response(to: request) } catch {
                throw GooglePubSubError(error, action)
            }
            if response.statusCode == 401, !isRepeated, refused(pass) {
                isRepeated = true
                continue
            }
            return try Self.body(of: response, action)
        }
    }

    // MARK: - Calls that outlive who began them

    /// Names a call that was started.
    package typealias Call = TransferID

    /// What a request needs to be let in.
    package struct Pass: Sendable {
        let token: String?
        package let headers: [HeaderField]
    }

    /// Fetches a token where one is needed and none is at hand.
    package func pass() async throws(GooglePubSubError) -> Pass {
        var headers = [HeaderField("Content-Type", "application/json")]
        guard let tokens else { return Pass(token: nil, headers: headers) }
        do throws(GoogleAuthError) {
            let token = try await tokens.token()
            headers.append(HeaderField("Authorization", "Bearer \(token)"))
            if let quotaProject { headers.append(HeaderField("X-Goog-User-Project", quotaProject)) }
            return Pass(token: token, headers: headers)
        } catch {
            throw GooglePubSubError(error)
        }
    }

    /// Starts a call whose answer is given to `completion`, whatever becomes of the task that asked.
    @discardableResult
    package func start(
        _ path: String, _ body: [UInt8], _ pass: Pass, timeout: Duration, maxResponseBytes: Int,
        completion: @escaping @PipelineActor (Result<Bytes, GooglePubSubError>) -> Void
    ) -> Call {
        let request = HTTPRequest(
            url: "\(server)/v1/\(path)", headers: pass.headers, body: body[...], timeout: timeout,
            maxResponseBytes: maxResponseBytes)
        let action = "POST \(path)"
        return http.start(request) { [weak self] result in
            if case .success(let response) = result, response.statusCode == 401 { _ = self?.refused(pass) }
            completion(
                result.mapError { GooglePubSubError($0, action) }
                    .flatMap { response in
                        Result { () throws(GooglePubSubError) in try Self.body(of: response, action) }
                    })
        }
    }

    /// Breaks a call off; its completion is not called.
    package func cancel(_ call: Call) { http.cancel(call) }

    /// - Returns: whether another token may be let in.
    private func refused(_ pass: Pass) -> Bool {
        guard let tokens, let token = pass.token else { return false }
        tokens.invalidate(token)
        return true
    }

    private static func body(of response: HTTPResponse, _ action: String) throws(GooglePubSubError) -> Bytes {
        guard (200...299).contains(response.statusCode) else { throw ServerAnswer.error(response, action) }
        return response.body
    }
}

extension GooglePubSubError {
    init(_ error: HTTPError, _ action: String) {
        switch error.kind {
        case .cancelled: self.init(.cancelled, action, error.reason)
        case .responseTooLarge: self.init(.tooLarge, action, error.reason)
        case .invalidRequest: self.init(.invalid, action, error.reason)
        default: self.init(.noAnswer, action, error.reason)
        }
    }

    init(_ error: GoogleAuthError) {
        let kind: Kind = error.kind == .cancelled ? .cancelled : error.isTransient ? .noAnswer : .unauthenticated
        self.init(kind, error.action, error.reason)
    }
}

extension GooglePubSubClient {
    /// What source and sink of one project are in.
    ///
    /// Two addresses may lead to one emulator, so all of them are one.
    ///
    /// - Parameter project: as it is set, not as a full name has it.
    package nonisolated func store(project: String) -> StoreIdentity {
        StoreIdentity(.googlePubSub, named: "\(monitoring == nil ? "emulator" : server)/\(project)")
    }
}
