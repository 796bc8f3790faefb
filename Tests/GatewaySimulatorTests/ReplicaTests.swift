import Testing

@testable import GatewaySimulator

/// The pace of one model server, against sums that can be done by hand.
struct ReplicaTests {
    private static let settings = CapacitySettings(tokenTime: 0.004, tokenTimePerRequest: 0.001, maxRunning: 3)

    private static func job(
        _ id: Int, _ promptTokens: Int, _ outputTokens: Int, sheddable: Bool = false, at time: Double = 0
    ) -> CapacityJob {
        CapacityJob(
            id: id, isOnline: false, isSheddable: sheddable, promptTokens: promptTokens, outputTokens: outputTokens,
            sent: time)
    }

    /// Lets it run until nothing is left; requests in the order of their ends.
    private static func finish(_ replica: inout Replica) -> [CapacityJob] {
        var ended: [CapacityJob] = []
        while replica.nextEvent != nil { if let job = replica.turn() { ended.append(job) } }
        return ended
    }

    /// Lets it run until `time`.
    private static func run(_ replica: inout Replica, until time: Double) {
        while let next = replica.nextEvent, next <= time { #expect(replica.turn() == nil) }
    }

    private static func isClose(_ a: Double, _ b: Double) -> Bool { abs(a - b) < 1e-9 }

    @Test
    func oneAloneTakesAStepForEachTokenAndForEachPieceOfItsPrompt() throws {
        var replica = Replica(Self.settings)
        replica.submit(Self.job(1, 400, 50), at: 2)
        let job = try #require(Self.finish(&replica).first)
        #expect(Self.isClose(job.first, 2 + 3 * 0.005))
        #expect(Self.isClose(job.ended, 2 + (2 + 50) * 0.005))
        #expect(Self.isClose(try #require(job.timePerToken), 0.005))
        #expect(replica.load == 0)
    }

    @Test(arguments: 1...3)
    func manyOfThemShareItsStepsEvenly(count: Int) {
        var replica = Replica(Self.settings)
        for id in 1...count { replica.submit(Self.job(id, 0, 100), at: 0) }
        let step = 0.004 + 0.001 * Double(count)
        let ended = Self.finish(&replica)
        #expect(ended.count == count)
        #expect(ended.allSatisfy { Self.isClose($0.ended, 100 * step) && Self.isClose($0.first, step) })
    }

    /// Half of the first at the pace of one, then both at that of two, and the rest of the second alone.
    @Test
    func whoeverComesInTheMiddleSlowsTheOtherFromThere() {
        var replica = Replica(Self.settings)
        replica.submit(Self.job(1, 0, 100), at: 0)
        Self.run(&replica, until: 50 * 0.005)
        replica.submit(Self.job(2, 0, 100), at: 50 * 0.005)
        let ended = Self.finish(&replica)
        #expect(ended.map(\.id) == [1, 2])
        #expect(Self.isClose(ended[0].ended, 0.25 + 50 * 0.006))
        #expect(Self.isClose(ended[1].ended, 0.25 + 50 * 0.006 + 50 * 0.005))
    }

    @Test
    func thoseAboveItsPlacesWaitInTheirOrder() {
        var replica = Replica(Self.settings)
        for id in 1...5 { replica.submit(Self.job(id, 0, 10), at: 0) }
        #expect(replica.runningCount == 3 && replica.waitingCount == 2)
        let ended = Self.finish(&replica)
        #expect(ended.map(\.id) == [1, 2, 3, 4, 5])
        // The fourth starts when the first ends.
        #expect(Self.isClose(ended[3].queued, 10 * 0.007))
        #expect(Self.isClose(ended[3].ended, 10 * 0.007 + 10 * 0.006))
    }

    @Test
    func withPrioritiesTheSheddableRunLast() {
        var settings = Self.settings
        settings.maxRunning = 1
        settings.scheduling = .priority
        var replica = Replica(settings)
        for id in 1...6 { replica.submit(Self.job(id, 0, 10, sheddable: id % 2 == 0), at: 0) }
        #expect(Self.finish(&replica).map(\.id) == [1, 3, 5, 2, 4, 6])
    }

    @Test
    func oneWhoseClientHasGoneCostsTheOthersNothing() throws {
        var replica = Replica(Self.settings)
        for id in 1...4 { replica.submit(Self.job(id, 0, 100), at: 0) }
        Self.run(&replica, until: 0.07)
        // One that runs makes room for the one that waits; then that one goes, too.
        replica.cancel(2, at: 0.07)
        #expect(replica.runningCount == 3 && replica.waitingCount == 0)
        replica.cancel(4, at: 0.07)
        replica.cancel(7, at: 0.07)
        let ended = Self.finish(&replica)
        #expect(ended.map(\.id) == [1, 3])
        #expect(Self.isClose(ended[0].ended, 10 * 0.007 + 90 * 0.006))
    }

    @Test
    func aRequestCostsTwoEventsHoweverLongItIs() {
        var settings = Self.settings
        settings.maxRunning = 500
        var replica = Replica(settings)
        for id in 1...300 { replica.submit(Self.job(id, 100_000, 100_000), at: Double(id) / 1000) }
        #expect(Self.finish(&replica).count == 300)
        #expect(replica.reached == 600)
    }
}
