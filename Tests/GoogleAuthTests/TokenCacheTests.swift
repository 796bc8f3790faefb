import Testing

@testable import GoogleAuth

struct TokenCacheTests {
    private let first = Secret("first")
    private let failure = GoogleAuthError(.unavailable, "POST https://token", "503")

    /// A cache with a token that was fetched at 1000 s.
    private func filled(lifetime: Duration = .seconds(3600)) -> TokenCache {
        var cache = TokenCache()
        _ = cache.decide(at: .seconds(1000))
        cache.fetched(AccessToken(text: first, lifetime: lifetime), begin: .seconds(1000))
        return cache
    }

    @Test
    func onlyTheFirstWhoNeedsATokenFetchesIt() {
        var cache = TokenCache()
        #expect(cache.decide(at: .zero) == .fetch)
        #expect(cache.decide(at: .zero) == .wait)
        cache.fetched(AccessToken(text: first, lifetime: .seconds(3600)), begin: .zero)
        #expect(cache.decide(at: .seconds(1)) == .use(first))
    }

    @Test(arguments: [(3600, 3375), (900, 720), (10, 8)])
    func fetchesTheNextBeforeTheTokenEnds(lifetime: Int, refresh: Int) {
        var cache = filled(lifetime: .seconds(lifetime))
        #expect(cache.decide(at: .seconds(1000 + refresh) - .milliseconds(1)) == .use(first))
        #expect(cache.decide(at: .seconds(1000 + refresh)) == .useAndFetch(first))
        #expect(cache.decide(at: .seconds(1000 + refresh)) == .use(first))
    }

    @Test
    func waitsForTheFetchUnderWayOnceTheTokenHasEnded() {
        var cache = filled()
        #expect(cache.decide(at: .seconds(4599)) == .useAndFetch(first))
        #expect(cache.decide(at: .seconds(4600)) == .wait)
    }

    @Test
    func fetchesWhenTheTokenEndedUnused() {
        var cache = filled()
        #expect(cache.decide(at: .seconds(4600)) == .fetch)
    }

    @Test
    func usesTheTokenOnWhileFetchingFailsAndPausesLongerEachTime() {
        var cache = filled()
        var now = Duration.seconds(4400)
        for pause in [1, 2, 4, 8, 16, 16] {
            #expect(cache.decide(at: now) == .useAndFetch(first))
            cache.failed(failure, at: now)
            #expect(cache.failure == failure)
            now += .seconds(pause)
            #expect(cache.decide(at: now - .milliseconds(1)) == .use(first))
        }
    }

    @Test
    func repeatsTheErrorDuringThePauseWhenThereIsNoToken() {
        var cache = TokenCache()
        #expect(cache.decide(at: .zero) == .fetch)
        cache.failed(failure, at: .seconds(5))
        #expect(cache.decide(at: .milliseconds(5999)) == .pause(failure))
        #expect(cache.decide(at: .seconds(6)) == .fetch)
    }

    @Test
    func aTokenEndsTheFailure() {
        var cache = TokenCache()
        for now in [0, 1, 3] {
            #expect(cache.decide(at: .seconds(now)) == .fetch)
            cache.failed(failure, at: .seconds(now))
        }
        #expect(cache.decide(at: .seconds(7)) == .fetch)
        cache.fetched(AccessToken(text: first, lifetime: .seconds(3600)), begin: .seconds(7))
        #expect(cache.failure == nil)
        #expect(cache.decide(at: .seconds(3400)) == .useAndFetch(first))
        cache.failed(failure, at: .seconds(3400))
        #expect(cache.decide(at: .seconds(3401)) == .useAndFetch(first))
    }

    @Test
    func invalidatingTheTokenInUseFetchesWithoutAPause() {
        var cache = filled()
        #expect(cache.decide(at: .seconds(4400)) == .useAndFetch(first))
        cache.failed(failure, at: .seconds(4400))
        cache.invalidate("first")
        #expect(cache.decide(at: .seconds(4400)) == .fetch)
        cache.invalidate("first")
        #expect(cache.decide(at: .seconds(4400)) == .wait)
    }

    @Test
    func invalidatingAnotherTokenChangesNothing() {
        var cache = filled()
        cache.invalidate("older")
        #expect(cache.decide(at: .seconds(1001)) == .use(first))
    }

    @Test
    func invalidatingDuringAFetchWaitsForThatFetch() {
        var cache = filled()
        #expect(cache.decide(at: .seconds(4400)) == .useAndFetch(first))
        cache.invalidate("first")
        #expect(cache.decide(at: .seconds(4400)) == .wait)
    }

    @Test(arguments: [0, -5])
    func aTokenThatHasEndedIsNotUsed(lifetime: Int) {
        var cache = filled(lifetime: .seconds(lifetime))
        #expect(cache.decide(at: .seconds(1000)) == .fetch)
    }
}
