import Testing

@testable import RedisPubSubSource

/// What the thread decides, without a server.
struct IntakeDecisionsTests {
    private let now = ContinuousClock.now
    private let settings = RedisPubSubSettings(patience: .milliseconds(20), maxWaiting: 4, maxWaitingBytes: 100)

    @Test
    func claimsWhatIsAskedForAndLetsTheRestWait() throws {
        var arrivals = filled(5)
        let next = batch(from: &arrivals, demand: 3, at: now)
        let taken = try #require(next)
        #expect(taken.messages.count == 3)
        #expect(taken.claims == 3)
        #expect(arrivals.count == 2)
        let rest = batch(from: &arrivals, demand: 0, at: now)
        #expect(rest?.messages.count == nil)
    }

    @Test
    func parksWhatHasWaitedTooLong() throws {
        var arrivals = filled(3)
        let later = now + .milliseconds(20)
        let next = batch(from: &arrivals, demand: 1, at: later)
        let taken = try #require(next)
        #expect(taken.messages.count == 3)
        #expect(taken.claims == 1)
        #expect(arrivals.isEmpty)
    }

    @Test
    func parksTheOldestWhenTooManyWait() throws {
        var arrivals = filled(10)
        let next = batch(from: &arrivals, demand: 0, at: now)
        let taken = try #require(next)
        #expect(taken.messages.count == 6)
        #expect(taken.claims == 0)
        #expect(arrivals.count == 4)
    }

    @Test
    func parksTheOldestWhenTooManyBytesWait() throws {
        var arrivals = filled(3, size: 60)
        let next = batch(from: &arrivals, demand: 0, at: now)
        let taken = try #require(next)
        #expect(taken.messages.count == 2)
        #expect(arrivals.count == 1)
    }

    @Test
    func letsOneBigMessageWait() {
        var arrivals = filled(1, size: 1000)
        let rest = batch(from: &arrivals, demand: 0, at: now)
        #expect(rest?.messages.count == nil)
    }

    @Test
    func splitsWhatIsTooMuchForOneCall() throws {
        var arrivals = filled(3, size: 3 << 20)
        for left in [2, 1, 0] {
            let next = batch(from: &arrivals, demand: 10, at: now)
            let taken = try #require(next)
            #expect(taken.messages.count == 1)
            #expect(taken.claims == 1)
            #expect(arrivals.count == left)
        }
    }

    @Test
    func halvesABatchWithoutRenamingAnything() throws {
        var arrivals = filled(5)
        let next = batch(from: &arrivals, demand: 3, at: now + .milliseconds(20))
        let whole = try #require(next)
        let names = whole.messages.indices.map(whole.id)
        let quarters = whole.halves.flatMap { $0.messages.count > 1 ? $0.halves : [$0] }
        #expect(quarters.flatMap { part in part.messages.indices.map(part.id) } == names)
        #expect(quarters.flatMap(\.messages).map(\.place) == whole.messages.map(\.place))
        #expect(quarters.map(\.claims).reduce(0, +) == 3)
        #expect(
            quarters.flatMap { part in part.messages.indices.map { $0 < part.claims } } == [
                true, true, true, false, false,
            ])
    }

    @Test
    func callsMessagesTheSameFromAMarkOn() {
        var (early, late) = (Numbering(), Numbering())
        early.begin("a")
        #expect((0..<2).map { _ in early.next().number } == [1, 2])
        for _ in 0..<2 {
            early.begin("b")
            late.begin("b")
            let places = (0..<3).map { _ in early.next() }
            #expect(places == (0..<3).map { _ in late.next() })
            #expect(places.map(\.number) == [1, 2, 3])
        }
    }

    @Test(arguments: [
        (Hearing.Server(run: "a", overflows: 3), Hearing.Server(run: "a", overflows: 4), false, Hearing.Cause.overflow),
        (.init(run: "a", overflows: 3), .init(run: "a", overflows: 3), true, .broken),
        (.init(run: "a", overflows: 3), .init(run: "b", overflows: 0), false, .restarted),
        (.init(run: "a"), .init(run: "a"), true, .likelyOverflow),
        (.init(run: "a"), .init(run: "a"), false, .broken),
        (.init(), .init(), true, .likelyOverflow),
    ])
    func knowsWhyAChannelWasNotHeard(
        before: Hearing.Server, after: Hearing.Server, isAlone: Bool, cause: Hearing.Cause
    ) {
        var hearing = Hearing()
        #expect(hearing.began(before, listeners: 1, now: now) == nil)
        hearing.ended("why", isAlone: isAlone, now: now + .seconds(1))
        hearing.ended("no answer", isAlone: false, now: now + .seconds(2))
        let gap = hearing.began(after, listeners: 3, now: now + .seconds(4))
        #expect(
            gap == Hearing.Gap(cause: cause, duration: .seconds(3), others: 2, limit: nil, reason: "why"))
        #expect(hearing.began(after, listeners: 3, now: now + .seconds(4)) == nil)
    }

    @Test
    func readsTheLimitOfListenersOnly() {
        let limits = "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60"
        #expect(RedisPubSubClaims.limitOfListeners(limits) == "33554432 8388608 60")
        #expect(RedisPubSubClaims.limitOfListeners("normal 0 0 0 pubsub 1") == nil)
    }

    @Test
    func holdsBackAfterAGap() {
        var gaps = Gaps(hold: .seconds(10), now: now)
        #expect(!gaps.holds(at: now))
        gaps.waited(from: now, to: now + .seconds(2), limit: .seconds(1.5))
        #expect(!gaps.holds(at: now + .seconds(2)))
        gaps.waited(from: now, to: now + .seconds(4), limit: .seconds(2))
        #expect(gaps.holds(at: now + .seconds(4)))
        #expect(gaps.holds(at: now + .seconds(13.9)))
        #expect(!gaps.holds(at: now + .seconds(14)))
    }

    private func batch(from arrivals: inout Arrivals, demand: Int, at now: ContinuousClock.Instant) -> Arrivals.Batch? {
        arrivals.next(demand: demand, settings: settings, now: now) { "owner" }
    }

    private func filled(_ count: Int, size: Int = 1) -> Arrivals {
        var arrivals = Arrivals()
        for number in 1...count {
            arrivals.append(
                Arrivals.Message(
                    bytes: [UInt8](repeating: 0x61, count: size), heardAt: now,
                    place: Numbering.Place(series: "s", number: number)))
        }
        return arrivals
    }
}
