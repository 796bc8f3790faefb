import Settings
import Testing

@testable import Apctl

/// One process says very much, and something else each time: others have their places.
struct TopLimitsTests {
    private static let many = 1200

    /// With peers that are lost and never the same, and queues that nobody knows.
    private func babbling(_ time: Double) throws -> StageReading {
        let peers = (0..<Self.many).map {
            #"{"link":"ingest-dispatch","address":"tcp://\#(time)-\#($0)","state":"lost"}"#
        }
        let queues = (0..<Self.many).map { #"{"queue":"odd\#(time)-\#($0)","waiting":99999999}"# }
        let risks = (0..<Self.many).map { "async_processor_requests_at_risk{queue=\"odd\(time)-\($0)\"} 7\n" }
        return try reading(
            .ingest, at: "bad:1", time: time,
            status: """
                "peers":[\(peers.joined(separator: ","))],
                "queues":[{"queue":"batch","waiting":5},\(queues.joined(separator: ","))]
                """,
            page: risks.joined())
    }

    private func dispatch(_ time: Double) throws -> StageReading {
        try reading(
            .dispatch, at: "good:1", time: time,
            status: """
                "reasons":["all slots are taken"],
                "peers":[{"link":"dispatch-emit","address":"tcp://e","state":"\(time < 1 ? "alive" : "silent")"}],
                "gateways":[{"origin":"http://g","queue":"batch","state":"\(time < 1 ? "reachable" : "silent")"}]
                """,
            page: "async_processor_held_requests{queue=\"batch\",place=\"gateway\"} 3\n")
    }

    private func scene(_ readings: (Double) throws -> [StageReading]) throws -> TopScene {
        var history = TopHistory()
        var scene = history.take(Round(try readings(0), time: 0))
        for time in [1.0, 2, 3, 4, 5, 6] { scene = history.take(Round(try readings(time), time: time)) }
        return scene
    }

    @Test
    func noProcessTakesThePlacesOfOthers() throws {
        let scene = try scene { [try babbling($0), try dispatch($0)] }
        #expect(scene.troubles.count == ReadingLimits.allTroubles + 1)
        let troubles = scene.troubles.map(\.text)
        #expect(troubles.contains("dispatch: all slots are taken"))
        #expect(troubles.contains("dispatch good:1: link dispatch-emit, tcp://e: silent"))
        #expect(troubles.contains("gateway http://g of queue batch: silent"))
        #expect(troubles.contains { $0.hasPrefix("ingest bad:1: it says 401 things more than are looked at") })
        #expect(troubles.last?.hasSuffix("more, which apctl status shows") == true)

        #expect(scene.changes.count == ReadingLimits.allChanges)
        let changes = scene.changes.map(\.text)
        #expect(changes.contains("dispatch good:1: peer tcp://e on dispatch-emit is silent, was alive"))
        #expect(changes.contains("dispatch good:1: http://g of the queue batch is silent, was reachable"))
        #expect(changes.contains("ingest bad:1: 1990 more changes"))
        #expect(scene.newChanges == ReadingLimits.changes + 1)

        #expect(scene.queues.count == ReadingLimits.rows)
        #expect(scene.queues.contains { $0.name == "batch" && $0.waiting == 5 })
        #expect(scene.processes.allSatisfy { $0.words.count <= ReadingLimits.lines + 1 })
    }

    /// On a screen that has not room for all.
    @Test
    func theScreenHasThoseOfOthersToo() throws {
        let scene = try scene { [try babbling($0), try dispatch($0)] }
        let lines = TopScreen(width: 80, rows: 80, view: TopView()).lines(scene).map(\.text)
        #expect(lines.contains { $0.hasPrefix("gateway http://g of queue batch: silent") })
        #expect(lines.contains("dispatch: all slots are taken"))
        #expect(lines.contains { $0.hasPrefix("batch ") })
        #expect(lines.contains { $0.contains("http://g of the queue batch is silent, was reachable") })
    }

    @Test
    func onlyTheBeginningsOfLongTextsAreKept() throws {
        let long = String(repeating: "x", count: 100_000)
        let one = try reading(
            .dispatch, at: "d:1", time: 0,
            status: """
                "reasons":["\(long)"],"counts":{"\(long)":1},"queues":[{"queue":"\(long)","waiting":3}],
                "peers":[{"link":"\(long)","address":"\(long)","state":"\(long)"}],
                "gateways":[{"origin":"\(long)","queue":"\(long)","state":"\(long)","reason":"\(long)"}],
                "pools":[{"pool":"\(long)","text":"\(long)","waiting":1}],
                "gates":[{"of":"\(long)","gate":"\(long)","condition":"shut","reason":"\(long)"}]
                """,
            page: "async_processor_held_requests{queue=\"\(long)\",place=\"slot\"} 3\n",
            readiness: "{\"error\":\"\(long)\"}", code: 503)
        var history = TopHistory()
        let scene = history.take(Round([one], time: 0))
        let texts = scene.troubles.map(\.text) + scene.queues.map(\.name) + scene.gateways.map(\.origin)
        #expect(texts.count > 5)
        #expect((texts + scene.processes.flatMap(\.words)).allSatisfy { $0.count < 5 * ReadingLimits.text })
        #expect(scene.queues.map(\.inStages) == [3], "both names of the queue are one")
    }

    @Test
    func placesAreSharedAmongSources() {
        let all = ["a1", "a2", "a3", "b1", "a4", "c1", "c2"]
        func shared(_ most: Int) -> [String] { all.shared(most) { $0.first } }
        #expect(shared(7) == all)
        #expect(shared(5) == ["a1", "a2", "b1", "c1", "c2"])
        #expect(shared(2) == ["a1", "b1"])
        #expect(shared(0) == [] && shared(-1) == [])
        #expect(all.latest(4) { $0.first } == ["b1", "a4", "c1", "c2"])
        #expect(["a1", "a2", "a3"].latest(2) { $0.first } == ["a2", "a3"])
    }
}
