import Foundation
import Settings
import Testing

@testable import Apctl

struct StageReportTests {
    private static let ready = HTTPGet.Answer(status: 200, body: #"{"status":"ready"}"#)

    private func report(
        _ stage: StageName = .dispatch, status: String, readiness: HTTPGet.Answer = ready
    ) throws -> StageReport {
        let address = try #require(HTTPAddress("http://127.0.0.1:\(stage.metricsPort)"))
        return StageReport(stage, address, status: HTTPGet.Answer(status: 200, body: status), readiness: readiness)
    }

    @Test
    func saysWhatKeepsAPoolFromMore() throws {
        let report = try report(
            status: """
                {"stage":"dispatch","pools":[{"pool":"gpus","text":"3 of at most 8 at once\\u001b","waiting":2},{},
                  {"pool":"other"}]}
                """)
        #expect(report.text.contains("The pool gpus: 3 of at most 8 at once"))
        #expect(report.text.contains("; 2 requests wait for it."))
        #expect(!report.text.contains("\u{1B}"))
        #expect(report.text.contains("The pool other: nothing is known of it."))
    }

    @Test
    func saysHowGatesAre() throws {
        let report = try report(
            status: """
                {"stage":"ingest","gates":[{"of":"queue q","gate":"redis-quota","condition":"shut","reason":"PING\\n failed"},
                  {"of":"queue q"},{"of":"queue r","gate":"composite[0], redis","condition":"open","reason":""}]}
                """)
        #expect(report.text.contains("Gate redis-quota of queue q: shut: PING"))
        #expect(!report.text.contains("PING\n"))
        #expect(report.text.contains("Gate composite[0], redis of queue r: open."))
    }

    @Test
    func saysInWordsHowAStageIs() throws {
        let report = try report(
            .ingest,
            status: """
                {"version":"0.1.0","stage":"ingest","settings":{"--listen":"x"},"uptime_seconds":200.4,
                 "counts":{"leased":3,"leased_bytes":1536,"parked":0},"reasons":["no peer has room"],
                 "peers":[{"link":"ingest-dispatch","address":"tcp://127.0.0.1:5557","state":"alive","room":0,"open":3,
                           "oldest_open_seconds":75.2}]}
                """)
        #expect(
            report.text == """
                ingest 0.1.0 at http://127.0.0.1:9091: ready, running for 3:20
                    Nothing moves: no peer has room.
                    Counts: leased 3, leased bytes 1536.
                    Link ingest-dispatch, tcp://127.0.0.1:5557: alive, room for 0, 3 open, the oldest for 1:15.

                """)
        #expect(report.isReady)
    }

    @Test
    func saysWhyAStageIsNotReady() throws {
        let away = HTTPGet.Answer(
            status: 503, body: #"{"status":"not ready","error":"no live peer on dispatch-emit"}"#)
        let report = try report(status: #"{"version":"0.1.0","stage":"dispatch"}"#, readiness: away)
        #expect(report.text == "dispatch 0.1.0 at http://127.0.0.1:9092: not ready: no live peer on dispatch-emit\n")
        #expect(!report.isReady)
    }

    @Test
    func tellsOfAGatewayOnceThoughTheStageDoesSoThrice() throws {
        let text = "the gateway http://gpu:8000 of queue q: it refuses connections (since 2026-11-29T12:04:05Z)"
        let note = HTTPGet.Answer(status: 200, body: #"{"status":"ready","note":"\#(text)"}"#)
        let report = try report(
            status: """
                {"stage":"dispatch","reasons":["the gateway is away","\(text)"],"gateways":[
                 {"origin":"http://gpu:8000","queue":"q","state":"unreachable","since":"2026-11-29T12:04:05Z",
                  "reason":"it refuses connections","held":8}]}
                """, readiness: note)
        #expect(
            report.text == """
                dispatch at http://127.0.0.1:9092: ready, but its gateway is not well
                    Nothing moves: the gateway is away.
                    The gateway http://gpu:8000 of the queue q: unreachable since 2026-11-29T12:04:05Z; \
                it refuses connections; 8 requests wait for it.

                """)
    }

    @Test
    func repeatsWhatAReadyStageHasToSay() throws {
        let note = HTTPGet.Answer(status: 200, body: #"{"status":"ready","note":"a stranger says hello"}"#)
        let report = try report(status: #"{"stage":"dispatch"}"#, readiness: note)
        #expect(report.text == "dispatch at http://127.0.0.1:9092: ready, but: a stranger says hello\n")
        #expect(report.isReady)
    }

    @Test
    func saysHowTheGatewaysAre() throws {
        let report = try report(
            status: """
                {"stage":"dispatch","gateways":[
                  {"origin":"http://gpu:8000","queue":"batch","state":"refuses_connections","since":1767323045,
                   "reason":"connect: Connection refused","held":12,
                   "attempts":{"200":7,"un_answered":3,"503":0,"odd":"x"}},
                  {"origin":"http://b","state":"asked for a pause","since":"12:04","held":1},
                  {"origin":"http://c","queue":"","state":"well","since":1767323045123,"reason":"","held":0,"new":[]},
                  {}, 7]}
                """)
        #expect(
            report.text == """
                dispatch at http://127.0.0.1:9092: ready
                    The gateway http://gpu:8000 of the queue batch: refuses connections since 2026-01-02T03:04:05Z; \
                connect: Connection refused; 12 requests wait for it; attempts: 7 × 200, 3 × un answered.
                    The gateway http://b: asked for a pause since 12:04; 1 request waits for it.
                    The gateway http://c: well since 2026-01-02T03:04:05Z.
                    The gateway of unknown address: in an unknown state.

                """)
    }

    /// Fields of other types come from other versions, or from something that is no stage.
    @Test(arguments: [
        #"{"stage":"dispatch","uptime_seconds":"long","peers":{},"counts":[1],"reasons":"none","gateways":null}"#,
        #"{"stage":"dispatch","peers":[1,"x",null],"counts":{"a":"b","c":1.5},"reasons":[null,{}],"gateways":[[]]}"#,
        #"{"stage":"dispatch"}"#,
    ])
    func leavesOutWhatItDoesNotUnderstand(status: String) throws {
        let report = try report(status: status)
        #expect(report.text.hasPrefix("dispatch at http://127.0.0.1:9092: ready\n"))
    }

    @Test
    func namesTheStageThatAnswersInAnothersPlace() throws {
        let report = try report(status: #"{"stage":"emit","version":"0.1.0"}"#)
        #expect(report.text == "dispatch 0.1.0 at http://127.0.0.1:9092: not ready: that is emit, not dispatch\n")
    }

    @Test(arguments: ["", "<html>", "[]", #"{"version":"1"}"#])
    func takesNothingElseForAStage(body: String) throws {
        let report = try report(status: body)
        #expect(
            report.text
                == "dispatch at http://127.0.0.1:9092: not ready: what answers there is no stage: /status says 200\n")
    }

    @Test
    func repeatsNothingThatMovesTheCursor() throws {
        let report = try report(
            status: #"{"stage":"dispatch","version":"\u001b[2J","reasons":["a\nb"],"counts":{"c\r":1}}"#)
        #expect(report.text.unicodeScalars.allSatisfy { $0 == "\n" || $0.value >= 0x20 })
    }

    @Test
    func countsTheStagesThatAreReady() throws {
        let good = try report(status: #"{"stage":"dispatch"}"#)
        let bad = try report(status: "")
        #expect(StageReport.summary([good, good]) == "All 2 stages are ready.\n")
        #expect(StageReport.summary([good, bad, bad]) == "1 of 3 stages are ready.\n")
    }

    @Test
    func printsWhatTheStagesSaidAsOneDocument() throws {
        let good = try report(status: "{\"stage\":\"dispatch\",\n \"counts\":{\"a\":1}}\n")
        let bad = try report(.emit, status: "<html>")
        let document = StageReport.document([good, bad])
        #expect(document.count { $0 == UInt8(ascii: "\n") } == 1)
        let top = try #require(try JSONSerialization.jsonObject(with: Data(document)) as? [String: Any])
        #expect(top["ready"] as? Bool == false)
        let stages = try #require(top["stages"] as? [[String: Any]])
        #expect(stages.map { $0["stage"] as? String } == ["dispatch", "emit"])
        #expect(stages.map { $0["address"] as? String } == ["http://127.0.0.1:9092", "http://127.0.0.1:9094"])
        #expect(stages.map { $0["ready"] as? Bool } == [true, false])
        #expect((stages[0]["status"] as? [String: Any])?["counts"] as? [String: Int] == ["a": 1])
        #expect((stages[0]["readiness"] as? [String: String]) == ["status": "ready"])
        #expect(stages[0]["error"] == nil)
        #expect(stages[1]["error"] as? String == "what answers there is no stage: /status says 200")
        #expect(stages[1]["status"] == nil)
    }
}
