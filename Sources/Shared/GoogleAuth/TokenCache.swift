/// Decides when a token is used, when the next one is fetched, and when a server that failed is left alone.
///
/// Times are those of one monotonic clock. Whoever is told to fetch says how it ended, by `fetched` or `failed`; until
/// then nobody else is told to.
struct TokenCache: Sendable {
    enum Decision: Sendable, Equatable {
        /// Here is one.
        case use(Secret)
        /// Here is one, and it is time to fetch the next.
        case useAndFetch(Secret)
        /// There is none: fetch one, and wait for it.
        case fetch
        /// There is none, but somebody fetches one: wait for it.
        case wait
        /// There is none, and the server failed just now: that is the answer for this moment.
        case pause(GoogleAuthError)
    }

    private struct Entry {
        let token: Secret
        /// When the next one is fetched.
        let refresh: Duration
        let end: Duration
    }

    /// The next token is fetched when this one has so long to live, or a fifth of its lifetime if that is less.
    ///
    /// Metadata servers answer with the same token until it has four minutes left.
    /// Source: google-auth-library-python, google/auth/_helpers.py, REFRESH_THRESHOLD.
    static let margin = Duration.seconds(225)
    /// After the first failure, doubled by each one that follows it.
    static let firstPause = Duration.seconds(1)
    static let maxPause = Duration.seconds(16)

    private var entry: Entry?
    private var isFetching = false
    private var pause = firstPause
    private var retry: Duration?
    /// How the last fetch failed; `nil` when it did not.
    private(set) var failure: GoogleAuthError?

    /// What somebody who needs a token at `now` does.
    mutating func decide(at now: Duration) -> Decision {
        if let entry, now < entry.end {
            if isFetching || now < entry.refresh || isPausing(at: now) { return .use(entry.token) }
            isFetching = true
            return .useAndFetch(entry.token)
        }
        if isFetching { return .wait }
        if let failure, isPausing(at: now) { return .pause(failure) }
        isFetching = true
        return .fetch
    }

    /// - Parameter begin: when the exchange began: the token's lifetime counts from there at the earliest.
    mutating func fetched(_ token: AccessToken, begin: Duration) {
        let end = begin + token.lifetime
        entry = Entry(token: token.text, refresh: end - min(Self.margin, token.lifetime / 5), end: end)
        isFetching = false
        pause = Self.firstPause
        retry = nil
        failure = nil
    }

    /// The token there is stays.
    mutating func failed(_ error: GoogleAuthError, at now: Duration) {
        isFetching = false
        failure = error
        retry = now + pause
        pause = min(Self.maxPause, pause * 2)
    }

    /// A service did not take `token`: forgets it, and lets the next one be fetched without a pause.
    ///
    /// Changes nothing when that is no longer the token in use, so that many who held it cause one fetch.
    mutating func invalidate(_ token: String) {
        guard entry?.token.text == token else { return }
        entry = nil
        retry = nil
    }

    private func isPausing(at now: Duration) -> Bool { retry.map { now < $0 } ?? false }
}
