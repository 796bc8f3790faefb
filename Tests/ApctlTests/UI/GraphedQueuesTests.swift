import Settings
import Testing

@testable import Apctl

struct GraphedQueuesTests {
    private let first = ProcessID(stage: .ingest, address: "a:9091")
    private let second = ProcessID(stage: .ingest, address: "b:9091")

    private func queues(_ names: some Sequence<String>, of source: ProcessID) -> [TopScene.Queue] {
        names.map { name in
            var queue = TopScene.Queue(name: name)
            queue.source = source
            return queue
        }
    }

    private func many(_ letter: String = "a", _ count: Int = 1000) -> [String] {
        (0..<count).map { "\(letter)\($0)" }
    }

    @Test
    func thoseInWhichMostIsComeFirst() {
        var graphed = GraphedQueues()
        graphed.choose(among: queues(many(), of: first))
        #expect(graphed.names == many("a", 20))
    }

    /// A process that tells of very many gets what others leave.
    @Test
    func eachSourceHasAShare() {
        var graphed = GraphedQueues()
        graphed.choose(among: queues(many(), of: first) + queues(["x", "y", "z"], of: second))
        #expect(graphed.names == many("a", 17) + ["x", "y", "z"])
        var both = GraphedQueues()
        both.choose(among: queues(many(), of: first) + queues(many("b"), of: second))
        #expect(both.names == many("a", 10) + many("b", 10))
    }

    /// In which most is may change from one look to the next; graphs do not come and go with it.
    @Test
    func thoseThatHaveBeenThereLongestStay() {
        var graphed = GraphedQueues()
        graphed.choose(among: queues(many("a", 20), of: first))
        graphed.choose(among: queues(many().reversed(), of: first))
        #expect(graphed.names == many("a", 20))
    }

    @Test
    func aNewQueueOfAnotherSourceFindsAPlace() {
        var graphed = GraphedQueues()
        graphed.choose(among: queues(many(), of: first))
        graphed.choose(among: queues(many(), of: first) + queues(["z"], of: second))
        #expect(graphed.names == many("a", 19) + ["z"])
    }

    /// A process may be silent for a while.
    @Test
    func thoseThatAreAbsentStayWhereThereIsRoom() {
        var graphed = GraphedQueues()
        graphed.choose(among: queues(["x", "y"], of: first))
        graphed.choose(among: queues(["y"], of: first))
        #expect(graphed.names == ["x", "y"])
        graphed.choose(among: queues(many(), of: first))
        #expect(graphed.names == many("a", 20))
    }

    @Test
    func namesWithoutAnEndHaveNone() {
        var graphed = GraphedQueues()
        graphed.choose(among: queues([String(repeating: "x", count: 500_000), "y"], of: first))
        #expect(graphed.names == ["y"])
    }
}
