import Testing

@testable import GatewaySimulator

struct OnlineUsersTests {
    private static func users(_ shape: OnlineLoad.Shape, replicas: Int = 2, seed: UInt64 = 1, until end: Double)
        -> [CapacityJob]
    {
        var users = OnlineUsers(OnlineLoad(shape: shape, seed: seed), replicas: replicas)
        var all: [CapacityJob] = []
        while users.next.sent < end { all.append(users.take()) }
        return all
    }

    @Test
    func theyComeAtTheRatesThatAreSaidAndBurstsBeginAfterAGap() {
        let all = Self.users(.steps(quiet: 5, burst: 60, length: 15, gap: 25), until: 400)
        let inBursts = all.count { $0.sent.truncatingRemainder(dividingBy: 40) >= 25 }
        #expect(abs(Double(inBursts) - 10 * 15 * 120) < 700)
        #expect(abs(Double(all.count - inBursts) - 10 * 25 * 10) < 300)
        #expect(zip(all, all.dropFirst()).allSatisfy { $0.sent < $1.sent })
        #expect(Set(all.map(\.id)).count == all.count)
    }

    @Test
    func theyAreTheSameWithTheSameSeedAndOnlyThen() {
        let shape = OnlineLoad.Shape.day(mean: 20, swing: 0.5, period: 60, factor: 2, length: 5, gap: 20)
        #expect(Self.users(shape, until: 60) == Self.users(shape, until: 60))
        #expect(Self.users(shape, until: 60) != Self.users(shape, seed: 2, until: 60))
    }

    @Test
    func aDayHasItsMeanAndItsBusyHalf() {
        let calm = Self.users(.day(mean: 10, swing: 0.5, period: 100, factor: 1, length: 1, gap: 1), until: 500)
        #expect(abs(calm.count - 10_000) < 500)
        // The rate is lowest a little before a quarter of a period, and highest before three quarters.
        let early = calm.count { $0.sent.truncatingRemainder(dividingBy: 100) < 42 }
        #expect(Double(early) < 0.36 * Double(calm.count))
        // A third of the time twice as many.
        let bursts = Self.users(.day(mean: 10, swing: 0.5, period: 100, factor: 2, length: 10, gap: 20), until: 500)
        #expect((1.15...1.55).contains(Double(bursts.count) / Double(calm.count)))
    }

    @Test
    func theirRequestsAreAsLongAsIsSaid() {
        let all = Self.users(.steps(quiet: 5, burst: 60, length: 15, gap: 25), until: 400)
        func median(_ values: [Int]) -> Int { values.sorted()[values.count / 2] }
        #expect(abs(median(all.map(\.promptTokens)) - 200) < 6)
        #expect(abs(median(all.map(\.outputTokens)) - 60) < 2)
        #expect(all.allSatisfy { (4...2000).contains($0.promptTokens) && (1...400).contains($0.outputTokens) })
    }

    @Test(arguments: [
        ("steps:5,60,15s,25s", OnlineLoad.Shape.steps(quiet: 5, burst: 60, length: 15, gap: 25)),
        ("steps:0,1,100ms,1m", .steps(quiet: 0, burst: 1, length: 0.1, gap: 60)),
        ("day:30,0.6,20m", .day(mean: 30, swing: 0.6, period: 1200, factor: 1, length: 1, gap: 1)),
        ("day:30,0.6,20m,1.9,25s,140s", .day(mean: 30, swing: 0.6, period: 1200, factor: 1.9, length: 25, gap: 140)),
    ])
    func readsHowTheyCome(text: String, shape: OnlineLoad.Shape) { #expect(OnlineLoad.Shape(text) == shape) }

    @Test(arguments: [
        "", "steps", "steps:", "steps:5,60,15s", "steps:5,60,15s,25s,1s", "steps:0,0,1s,1s", "steps:-1,2,1s,1s",
        "steps:1,2,1s,0", "steps:nan,1,1s,1s", "day:0,0,1s", "day:1,1.1,1m", "day:1,0.5,1m,0.5,1s,1s", "week:1,2,3",
        "day:1,0.5,1m,2",
    ])
    func refusesWhatIsNoWayToCome(text: String) { #expect(OnlineLoad.Shape(text) == nil) }
}
