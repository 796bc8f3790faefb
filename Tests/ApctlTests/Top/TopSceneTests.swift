import Settings
import Testing

@testable import Apctl

/// What two looks at a pipeline say.
struct TopSceneTests {
    @Test
    func makesRatesOfWhatCountersHaveGrown() throws {
        let scene = try Night.scene()
        #expect(
            scene.flow.rates == [.leases: 44, .requests: 41, .outcomes: 39, .failures: 2, .verdicts: 2, .settled: 41])
        #expect(
            scene.flow.held == [
                .queue: 12300, .parked: 30, .leased: 12, .link: 0, .slot: 4, .held: 0, .gateway: 64, .outcome: 1,
                .verdict: 2, .settlement: 3,
            ])
        #expect(scene.processes.map(\.perSecond) == [41, 41, nil, 2, 41])
        #expect(scene.processes.map(\.held) == [12, 69, nil, 2, 3])
        #expect(scene.processes.map(\.room) == [0, 4608, nil, 512, 768])
        #expect(scene.processes.first?.processor.map { abs($0 - 0.12) < 1e-9 } == true)
    }

    @Test
    func tellsOfEachQueueWhatIsForecast() throws {
        let queue = try #require(Night.scene().queues.first)
        #expect(queue.waiting == 12300 && queue.parked == 30 && queue.inStages == 86 && queue.perSecond == 39)
        #expect(queue.eta == 300 && queue.atRisk == 120 && queue.slotsRequired == 80)
    }

    @Test
    func tellsOfEachGatewayHowItAnswers() throws {
        let gateway = try #require(Night.scene().gateways.first)
        #expect(gateway.perSecond == 41)
        #expect(gateway.failedShare.map { abs($0 - 4 / 82) < 1e-9 } == true)
        #expect(gateway.mean == 212)
        #expect(gateway.mostWithin == 250)
    }

    /// Where its counters begin again there is nothing to compare; its figures of now are shown.
    @Test
    func aRestartedProcessBeginsAnew() throws {
        func round(_ time: Double, start: Int, sent: Int) throws -> Round {
            let page = """
                async_processor_link_sent_total{link="ingest-dispatch"} \(sent)
                async_processor_held_requests{queue="q",place="leased"} 7
                process_start_time_seconds \(start)

                """
            return Round([try reading(.ingest, at: "a:1", time: time, page: page)], time: time)
        }
        var history = TopHistory()
        _ = history.take(try round(0, start: 100, sent: 5000))
        let restarted = history.take(try round(2, start: 200, sent: 8))
        #expect(restarted.processes.map(\.perSecond) == [nil])
        #expect(restarted.flow.rates == [:])
        #expect(restarted.flow.held[.leased] == 7)
        #expect(restarted.changes.map(\.text) == ["ingest a:1 has been restarted"])
        #expect(history.take(try round(4, start: 200, sent: 18)).processes.map(\.perSecond) == [5])
        // A counter that goes back without that is no rate below nothing.
        #expect(history.take(try round(6, start: 200, sent: 0)).processes.map(\.perSecond) == [0])
    }

    /// A process that did not answer once has counted meanwhile.
    @Test
    func goesOnFromTheLastFiguresThatThereWere() throws {
        func round(_ time: Double, sent: Int?) throws -> Round {
            let page = sent.map { "async_processor_link_sent_total{link=\"ingest-dispatch\"} \($0)\n" }
            let one =
                try page.map { try reading(.ingest, at: "a:1", time: time, page: $0) }
                ?? silence(.ingest, at: "a:1", time: time)
            return Round([one], time: time)
        }
        var history = TopHistory()
        _ = history.take(try round(0, sent: 0))
        let silent = history.take(try round(45, sent: nil))
        #expect(silent.troubles.map(\.text) == ["ingest a:1: no answer: connect: Connection refused"])
        let longer = history.take(try round(90, sent: nil))
        #expect(longer.troubles.map(\.text) == ["ingest a:1: no answer for 45 s: connect: Connection refused"])
        #expect(longer.changes.count == 1, "it is told once")
        let back = history.take(try round(100, sent: 200))
        #expect(back.processes.map(\.perSecond) == [2])
        #expect(back.changes.map(\.text).last == "ingest a:1 answers again")
    }

    @Test
    func addsUpTheProcessesOfAStageAndTakesTheLargestOfAQueue() throws {
        func ingest(_ address: String, _ time: Double, waiting: Int) throws -> StageReading {
            try reading(
                .ingest, at: address, time: time,
                page: """
                    async_processor_link_sent_total{link="ingest-dispatch"} \(10 * time)
                    async_processor_held_requests{queue="q",place="queue"} \(waiting)
                    async_processor_held_requests{queue="q",place="leased"} 3
                    async_processor_eta_seconds{queue="q"} +Inf

                    """)
        }
        var history = TopHistory()
        _ = history.take(Round([try ingest("a:1", 0, waiting: 9), try ingest("b:1", 0, waiting: 8)], time: 0))
        let scene = history.take(Round([try ingest("a:1", 1, waiting: 7), try ingest("b:1", 2, waiting: 8)], time: 2))
        #expect(scene.flow.rates[.requests] == 20)
        #expect(scene.flow.held[.queue] == 8 && scene.flow.held[.leased] == 6)
        #expect(scene.queues.map(\.waiting) == [8] && scene.queues.map(\.eta) == [.infinity])
    }

    /// One ingest says what cannot be; the other knows better.
    @Test
    func takesNoNumberThatCannotBe() throws {
        let good = try reading(
            .ingest, at: "a:1", time: 0, status: #""queues":[{"queue":"q","waiting":7}]"#,
            page: """
                async_processor_requests_at_risk{queue="q"} 3
                async_processor_slots_required{queue="q"} 16
                async_processor_eta_seconds{queue="q"} 60
                async_processor_held_requests{queue="q",place="leased"} 2

                """)
        let bad = try reading(
            .ingest, at: "b:1", time: 0, status: #""queues":[{"queue":"q","waiting":9223372036854775807}]"#,
            page: """
                async_processor_requests_at_risk{queue="q"} +Inf
                async_processor_slots_required{queue="q"} 1e30
                async_processor_eta_seconds{queue="q"} 1e30
                async_processor_held_requests{queue="q",place="leased"} 1e300

                """)
        var history = TopHistory()
        let scene = history.take(Round([good, bad], time: 0))
        let queue = try #require(scene.queues.first)
        #expect(queue.atRisk == 3 && queue.slotsRequired == 16 && queue.eta == 60 && queue.waiting == 7)
        #expect(queue.inStages == 2 && scene.flow.held[.leased] == 2)
    }

    @Test
    func saysEachReasonOnceWithThoseThatGiveIt() throws {
        let away = "\"reasons\":[\"the gateway is away\"]"
        let readings = [
            try reading(.ingest, at: "a:1", time: 0, status: away),
            try reading(.dispatch, at: "b:1", time: 0, status: away),
            try reading(.dispatch, at: "c:1", time: 0, status: "\"reasons\":[\"all slots are taken\"]"),
            try reading(.dispatch, at: "d:1", time: 0, status: away),
            try reading(
                .emit, at: "e:1", time: 0,
                status: """
                    "peers":[{"link":"l","address":"x","state":"lost","open":3},{"link":"l","address":"y","state":"alive"}],
                    "gates":[{"of":"queue q","gate":"quota","condition":"shut","reason":"PING failed"},
                             {"of":"queue q","gate":"other","condition":"open"}]
                    """,
                readiness: #"{"error":"no live peer"}"#, code: 503),
        ]
        var history = TopHistory()
        let scene = history.take(Round(readings, time: 0))
        #expect(
            scene.troubles.map(\.text) == [
                "emit e:1: not ready: no live peer",
                "ingest, dispatch (2 of 3): the gateway is away",
                "dispatch c:1: all slots are taken",
                "emit e:1: link l, x: lost, 3 open",
                "emit e:1: gate quota of queue q: shut: PING failed",
            ])
        #expect(scene.troubles.map(\.isSevere) == [true, false, false, false, false])
    }

    /// Of a gateway in trouble there is one line, however many processes tell of it.
    @Test
    func tellsOnceOfAGatewayThatIsAway() throws {
        let words = "the gateway http://g of queue q: it refuses connections (since 12:00)"
        let reasons = "\"reasons\":[\"the gateway is away\",\"\(words)\"]"
        func dispatch(_ address: String) throws -> StageReading {
            try reading(
                .dispatch, at: address, time: 0,
                status: """
                    \(reasons),"gateways":[{"origin":"http://g","queue":"q","state":"unreachable","since":"12:00",
                    "reason":"it refuses connections","held":4}],
                    "pools":[{"pool":"p","text":"0 of at most 8 at once","waiting":4},{"pool":"r","waiting":0}]
                    """, page: "async_processor_slots 8\n",
                readiness: "{\"error\":\"no live peer; \(words)\"}", code: address == "a:1" ? 503 : 200)
        }
        let ingest = try reading(
            .ingest, at: "i:1", time: 0,
            status: reasons
                + #","gateways":[{"origin":"http://g","queue":"q","state":"unreachable","reason":"as dispatch says"}]"#)
        var history = TopHistory()
        let scene = history.take(Round([ingest, try dispatch("a:1"), try dispatch("b:1")], time: 0))
        #expect(
            scene.troubles.map(\.text) == [
                "dispatch a:1: not ready: no live peer",
                "gateway http://g of queue q: unreachable since 12:00: it refuses connections; 8 wait for it",
                "ingest, dispatch: the gateway is away",
                "dispatch a:1: the pool p: 0 of at most 8 at once; 4 requests wait for it",
                "dispatch b:1: the pool p: 0 of at most 8 at once; 4 requests wait for it",
            ])
        #expect(scene.troubles.map(\.isSevere) == [true, true, false, false, false])
        #expect(scene.slots == 16)
    }

    @Test
    func tellsWhatComesAndGoes() throws {
        func dispatch(_ time: Double, peers: String, gateway: String) throws -> StageReading {
            try reading(
                .dispatch, at: "d:1", time: time,
                status: """
                    "peers":[\(peers)],"gateways":[{"origin":"http://g","queue":"q","state":"\(gateway)"}]
                    """)
        }
        func peer(_ address: String, _ state: String) -> String {
            #"{"link":"dispatch-emit","address":"\#(address)","state":"\#(state)"}"#
        }
        var history = TopHistory()
        let first = [
            try dispatch(
                0, peers: [peer("a", "alive"), peer("b", "alive")].joined(separator: ","), gateway: "reachable"),
            try reading(.retry, at: "r:1", time: 0),
        ]
        #expect(history.take(Round(first, time: 0)).changes == [])
        let second = [
            try dispatch(
                2, peers: [peer("a", "lost"), peer("c", "alive")].joined(separator: ","), gateway: "wrong_path"),
            try reading(.emit, at: "e:1", time: 2, readiness: #"{"error":"draining"}"#, code: 503),
        ]
        let scene = history.take(Round(second, time: 2))
        #expect(
            scene.changes.map(\.text) == [
                "dispatch d:1: peer a on dispatch-emit is lost, was alive",
                "dispatch d:1: peer b on dispatch-emit has gone",
                "dispatch d:1: peer c on dispatch-emit has come, alive",
                "dispatch d:1: http://g of the queue q is wrong path, was reachable",
                "emit e:1 is new",
                "retry r:1 is no longer an address of its name",
            ])
        #expect(scene.changes.allSatisfy { $0.time == "12:04:05Z" })
        #expect(scene.newChanges == 6)
        #expect(scene.processes.map(\.condition) == [.ready, .draining])
        #expect(history.take(Round(second, time: 4)).newChanges == 0)
    }

    /// It counts down, which is no news each time.
    @Test
    func tellsOnceThatAStageDrains() throws {
        func round(_ time: Double, _ readiness: String, _ code: Int, reasons: String = "") throws -> Round {
            let one = try reading(
                .dispatch, at: "d:1", time: time, status: "\"reasons\":[\(reasons)]", readiness: readiness, code: code)
            return Round([one], time: time)
        }
        func draining(_ time: Double, left: Int) throws -> Round {
            let words = "draining: \(left) requests left"
            return try round(time, "{\"error\":\"\(words)\"}", 503, reasons: "\"\(words)\"")
        }
        var history = TopHistory()
        _ = history.take(try round(0, "{}", 200))
        _ = history.take(try draining(2, left: 12))
        let scene = history.take(try draining(4, left: 3))
        #expect(scene.changes.map(\.text) == ["dispatch d:1 is draining: 12 requests left"])
        #expect(scene.processes.map(\.condition) == [.draining])
        #expect(scene.troubles.map(\.text) == ["dispatch: draining: 3 requests left"])
    }

    /// They come from other processes, or from something that is none.
    @Test
    func understandsWhateverNumbersThereAre() throws {
        func round(_ time: Double, _ number: String) throws -> Round {
            let metrics = StageFigures.Metric.allCases.map {
                "\($0.rawValue){queue=\"q\",queue_name=\"q\",place=\"slot\",link=\"dispatch-emit\",le=\"5\"} \(number)\n"
            }
            let status = #""uptime_seconds":1e300,"queues":[{"queue":"q","waiting":9223372036854775807}]"#
            return Round(
                [try reading(.dispatch, at: "d:1", time: time, status: status, page: metrics.joined())], time: time)
        }
        for number in ["NaN", "+Inf", "-Inf", "1e300", "-1e300", "x"] {
            var history = TopHistory()
            _ = history.take(try round(0, "0"))
            let scene = history.take(try round(1, number))
            for width in [60, 120] {
                #expect(!TopScreen(width: width, rows: nil, view: TopView(isInside: width == 60)).lines(scene).isEmpty)
            }
        }
    }
}
