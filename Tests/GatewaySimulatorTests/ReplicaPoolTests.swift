import Testing

@testable import GatewaySimulator

/// The gateway before the replicas: choosing, refusing, holding back.
struct ReplicaPoolTests {
    /// A slow one: nothing has its first token while a test looks.
    private static func settings(_ change: (inout CapacitySettings) -> Void = { _ in }) -> CapacitySettings {
        var settings = CapacitySettings(replicas: 2, tokenTime: 1e6, tokenTimePerRequest: 0, maxRunning: 10)
        settings.sheddable = ["batch"]
        change(&settings)
        return settings
    }

    private static func job(_ id: Int, sheddable: Bool = false, at time: Double = 0) -> CapacityJob {
        CapacityJob(
            id: id, isOnline: false, isSheddable: sheddable, promptTokens: 0, outputTokens: 10, sent: time)
    }

    @Test
    func eachRequestGoesToTheReplicaWithTheFewest() {
        var pool = ReplicaPool(Self.settings { $0.replicas = 3 })
        for id in 1...7 { #expect(pool.submit(Self.job(id), at: 0) == .accepted) }
        #expect(pool.replicas.map(\.load).sorted() == [2, 2, 3])
        for id in 8...9 { _ = pool.submit(Self.job(id), at: 0) }
        #expect(pool.replicas.map(\.load) == [3, 3, 3])
    }

    /// Ten places each, of which eight taken are as full as it gets.
    @Test
    func onlyTheSheddableAreRefusedAndOnlyWhenItIsSaturated() {
        var pool = ReplicaPool(Self.settings { $0.shedAt = 1 })
        for id in 1...15 { #expect(pool.submit(Self.job(id, sheddable: true), at: Double(id)) == .accepted) }
        #expect(pool.submit(Self.job(16), at: 16) == .accepted)
        #expect(pool.submit(Self.job(17, sheddable: true), at: 17) == .refused)
        #expect(pool.submit(Self.job(18), at: 18) == .accepted)
        pool.cancel(1, at: 19)
        pool.cancel(2, at: 19)
        #expect(pool.submit(Self.job(20, sheddable: true), at: 20) == .accepted)
    }

    /// Five that wait weigh as much as all places.
    @Test
    func whatWaitsCountsForSaturationAndTheViewIsATenthOfASecondOld() {
        var pool = ReplicaPool(Self.settings { ($0.shedAt, $0.replicas, $0.maxRunning) = (1.3, 1, 5) })
        for id in 1...11 { _ = pool.submit(Self.job(id), at: 0) }
        // Six wait: 1.2 is below 1.3.
        #expect(pool.submit(Self.job(12, sheddable: true), at: 0.2) == .accepted)
        #expect(pool.submit(Self.job(13, sheddable: true), at: 0.25) == .accepted)
        #expect(pool.submit(Self.job(14, sheddable: true), at: 0.31) == .refused)
    }

    @Test
    func whatIsHeldBackGoesOnOneByOneWhenThereIsRoom() throws {
        var pool = ReplicaPool(Self.settings { ($0.shedAt, $0.hold) = (1, 60) })
        for id in 1...16 { _ = pool.submit(Self.job(id), at: 0) }
        for id in 17...18 { #expect(pool.submit(Self.job(id, sheddable: true, at: 0.2), at: 0.2) == .held) }
        #expect(pool.heldCount == 2 && pool.waitingCount == 2 && pool.runningCount == 16)
        for id in 1...4 { pool.cancel(id, at: 0.2) }
        var steps = 0
        while pool.heldCount > 0, steps < 100 {
            #expect(pool.step() == [])
            steps += 1
        }
        // The view of the replicas is older than the cancelling for 100 ms, which is five looks.
        #expect((2...8).contains(steps))
        var held: [Double] = []
        while pool.nextEvent != nil {
            for case .ended(let job) in pool.step() where job.id > 16 { held.append(job.held) }
        }
        #expect(held.count == 2 && held.allSatisfy { $0 > 0.01 && $0 < 0.2 })
        #expect(abs((held.max() ?? 0) - (held.min() ?? 0) - ReplicaPool.releasePause) < 1e-9)
    }

    @Test
    func whatIsHeldBackForTooLongComesBack() {
        var pool = ReplicaPool(Self.settings { ($0.shedAt, $0.hold) = (1, 5) })
        for id in 1...16 { _ = pool.submit(Self.job(id), at: 0) }
        #expect(pool.submit(Self.job(17, sheddable: true, at: 1), at: 1) == .held)
        #expect(pool.submit(Self.job(18, sheddable: true, at: 1), at: 1) == .held)
        pool.cancel(18, at: 1)
        var events: [ReplicaPool.Event] = []
        while let time = pool.nextEvent, time < 9 {
            events += pool.step()
            if !events.isEmpty { #expect(abs(time - 6) < 2 * ReplicaPool.releasePause) }
        }
        #expect(events == [.expired(Self.job(17, sheddable: true, at: 1))])
        #expect(pool.heldCount == 0)
    }
}
