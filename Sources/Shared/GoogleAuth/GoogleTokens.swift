package import HTTP
package import Loop

/// Tokens for Google's services, fetched when they are needed and kept as long as they are good.
///
/// However many ask at once, one exchange is on the wire. It belongs to nobody who waits for it: those who are cancelled
/// leave, the others get the token. It ends with this object, or when its time is over (30 s a request).
@PipelineActor
package final class GoogleTokens {
    private typealias Waiter = CheckedContinuation<Result<Secret, GoogleAuthError>, Never>

    private let credentials: GoogleCredentials
    private let client: HTTPClient
    private let clock: @PipelineActor () -> Duration
    private var cache = TokenCache()
    private var waiters: [UInt64: Waiter] = [:]
    private var lastWaiter: UInt64 = 0
    private var exchange: Task<Void, Never>?

    package convenience init(_ credentials: GoogleCredentials, client: HTTPClient) {
        self.init(credentials, client: client) { EventLoop.shared.now }
    }

    /// - Parameter clock: a monotonic one.
    init(_ credentials: GoogleCredentials, client: HTTPClient, clock: @escaping @PipelineActor () -> Duration) {
        self.credentials = credentials
        self.client = client
        self.clock = clock
    }

    deinit { exchange?.cancel() }

    /// Why the last exchange failed; `nil` once one has succeeded.
    ///
    /// While the token before is still good, only this tells: `token()` goes on answering with it.
    package var failure: GoogleAuthError? { cache.failure }

    /// A token to be sent as `Authorization: Bearer …`; at once, unless there is none that is good.
    ///
    /// - Throws: when there is none and none was to be had; the same error without asking the server again for a pause
    ///   (1 s after the first failure, doubling to 16 s); `cancelled` when the task that waits is.
    package func token() async throws(GoogleAuthError) -> String {
        switch cache.decide(at: clock()) {
        case .use(let token): return token.text
        case .useAndFetch(let token):
            beginExchange()
            return token.text
        case .fetch: beginExchange()
        case .wait: break
        case .pause(let error): throw error
        }
        return try await wait().get().text
    }

    /// Says that a service answered 401 to `token`: the next call of `token()` fetches another.
    ///
    /// Changes nothing when that one has been replaced already.
    package func invalidate(_ token: String) { cache.invalidate(token) }

    // MARK: - Waiting

    /// Whether no exchange is under way.
    var isIdle: Bool { exchange == nil }
    /// How many wait for the exchange under way.
    var waiting: Int { waiters.count }

    private func wait() async -> Result<Secret, GoogleAuthError> {
        lastWaiter += 1
        let id = lastWaiter
        return await withTaskCancellationHandler {
            // Nothing is awaited before this, so the job below finds the waiter, or finds it served.
            await withCheckedContinuation { waiters[id] = $0 }
        } onCancel: {
            Task { @PipelineActor in self.leave(id) }
        }
    }

    private func leave(_ id: UInt64) {
        let error = GoogleAuthError(.cancelled, "wait for a token of \(credentials)", "the task was cancelled")
        waiters.removeValue(forKey: id)?.resume(returning: .failure(error))
    }

    // MARK: - The exchange

    private func beginExchange() {
        let begin = clock()
        exchange = Task { @PipelineActor [credentials, client, weak self] in
            let result: Result<AccessToken, GoogleAuthError>
            do throws(GoogleAuthError) {
                result = .success(try await credentials.accessToken(over: client))
            } catch {
                result = .failure(error)
            }
            self?.end(result, begin: begin)
        }
    }

    private func end(_ result: Result<AccessToken, GoogleAuthError>, begin: Duration) {
        switch result {
        case .success(let token): cache.fetched(token, begin: begin)
        case .failure(let error): cache.failed(error, at: clock())
        }
        exchange = nil
        let served = waiters.values
        waiters = [:]
        for waiter in served { waiter.resume(returning: result.map(\.text)) }
    }
}
