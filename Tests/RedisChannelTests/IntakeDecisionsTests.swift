import Testing

@testable import RedisChannelSource

/// What the thread decides, without a server.
struct IntakeDecisionsTests {
    private let now = ContinuousClock.now
    private let settings = RedisChannelSettings(patience: .milliseconds(20), mostWaiting: 4, mostWaitingBytes: 100)

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
    func forgetsSightingsTheServerHasForgotten() {
        var sightings = Sightings(life: .seconds(10), now: now)
        let count = Sightings.Count(epoch: "e", count: 2, subscription: 1)
        sightings.set(count, of: "old", now: now)
        sightings.set(count, of: "new", now: now + .seconds(5))
        #expect(sightings.count(of: "old", subscription: 1) == count)
        #expect(sightings.count(of: "old", subscription: 2) == nil)
        sightings.set(count, of: "newest", now: now + .seconds(11))
        #expect(sightings.count(of: "old", subscription: 1) == nil)
        #expect(sightings.size == 2)
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
        for _ in 0..<count {
            arrivals.append(
                Arrivals.Message(
                    bytes: [UInt8](repeating: 0x61, count: size), heardAt: now, subscription: 1, subscribedAt: 0))
        }
        return arrivals
    }
}
