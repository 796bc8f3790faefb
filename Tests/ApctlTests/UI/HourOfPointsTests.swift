import Settings
import Testing

@testable import Apctl

struct HourOfPointsTests {
    private func scene(_ queues: [TopScene.Queue], failures: Double? = nil) throws -> TopScene {
        var scene = try Night.scene()
        scene.queues = queues
        scene.flow.rates[.failures] = failures
        return scene
    }

    private func queue(_ name: String, waiting: Double?, perSecond: Double? = nil) -> TopScene.Queue {
        var queue = TopScene.Queue(name: name)
        queue.waiting = waiting
        queue.perSecond = perSecond
        return queue
    }

    @Test
    func aPointIsTheMeanOfFiveSeconds() throws {
        var hour = HourOfPoints()
        for second in 0...5 {
            let waiting = Double(10 * second)
            hour.take(
                try scene([queue("a", waiting: waiting, perSecond: 3), queue("b", waiting: nil)], failures: 1),
                at: 100 + Double(second), wallClock: 1_000_000 + Int64(second))
        }
        let point = try #require(hour.points.first)
        #expect(hour.points.count == 1)
        #expect(point.time == 1_000_005)
        #expect(point.queues["a"] == [3, nil, 25, nil, 0, nil])
        #expect(point.queues["b"] == [nil, nil, nil, nil, 0, nil])
        #expect(point.all == [3, 1, 25, nil, 0, nil])
    }

    @Test
    func keepsAnHourAndNoMore() throws {
        var hour = HourOfPoints()
        let scene = try scene([queue("a", waiting: 1)])
        for second in stride(from: 0.0, through: 4000, by: 5) {
            hour.take(scene, at: second, wallClock: Int64(second * 1000))
        }
        #expect(hour.points.count == 720)
        #expect(hour.points.last?.time == 4_000_000)
        #expect(hour.points.first?.time == 405_000)
        #expect(zip(hour.points, hour.points.dropFirst()).allSatisfy { $1.number == $0.number + 1 })
        #expect(hour.after(798).count == 2)
    }

    /// After a pause, such as that of a machine that sleeps, points do not come in a crowd.
    @Test
    func pausesAreNotMadeUpFor() throws {
        var hour = HourOfPoints()
        let scene = try scene([])
        for time in [0, 5, 1000, 1001, 1002, 1004, 1006] { hour.take(scene, at: Double(time), wallClock: Int64(time)) }
        #expect(hour.points.map(\.time) == [5, 1000, 1006])
    }

    @Test
    func namesOfQueuesAreBounded() throws {
        var hour = HourOfPoints()
        for second in 0..<20 {
            let queues = (0..<100).map { queue("q\(second)-\($0)", waiting: 1) }
            hour.take(try scene(queues), at: Double(second), wallClock: 0)
        }
        #expect(hour.points.count == 3)
        #expect(hour.points.allSatisfy { $0.queues.count <= GraphedQueues.most })
        #expect(hour.points.last?.all[2] == 100)
    }

    /// A process tells of hundreds of queues, others each time, in which more is than in all others together.
    @Test
    func queuesWithTrafficHaveTheirGraphs() throws {
        let (odd, good) = (ProcessID(stage: .dispatch, address: "a:1"), ProcessID(stage: .ingest, address: "b:1"))
        var hour = HourOfPoints()
        for second in 0..<20 {
            var queues = (0..<300).map { queue("a\(second)-\($0)", waiting: 1e9) }
            for index in queues.indices { queues[index].source = odd }
            var real = queue("z", waiting: 1, perSecond: 40)
            real.source = good
            hour.take(try scene(queues + [real]), at: Double(second), wallClock: 0)
        }
        #expect(hour.points.count == 3)
        #expect(hour.points.allSatisfy { $0.queues["z"]?[0] == 40 })
    }
}
