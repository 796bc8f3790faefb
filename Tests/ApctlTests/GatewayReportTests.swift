import Testing

@testable import Apctl

struct GatewayReportTests {
    @Test
    func readsWhatDispatchSaysOfItsGateway() {
        let document = """
            {"version": "1", "gateways": [ {"origin": "http://127.0.0.1:30080", "queue": "requests",
              "state": "unreachable", "since": "2026-11-29T12:04:05Z", "reason": "connection refused; is it running?",
              "held": 12, "attempts": {"unanswered": 9}} ], "counts": {}}
            """
        let report = read(document)
        #expect(
            report
                == GatewayReport(
                    state: .unreachable, origin: "http://127.0.0.1:30080", reason: "connection refused; is it running?",
                    held: 12))
        #expect(
            report?.sentence
                == "The gateway cannot be reached (http://127.0.0.1:30080): connection refused; is it running?")
    }

    @Test(arguments: [
        "", "{}", "[]", #"{"gateways":null}"#, #"{"gateways":[]}"#, #"{"gateways":[7]}"#, #"{"gateways":[{"#,
    ])
    func knowsNothingWhereNothingIsSaid(document: String) { #expect(read(document) == nil) }

    @Test(arguments: [
        (#"{"gateways":[{}]}"#, GatewayReport(state: .unknown)),
        (#"{"gateways":[{"state":"on fire","held":"many","reason":7}]}"#, GatewayReport(state: .unknown)),
        (#"{"gateways":[{"state":"reachable"},{"state":"shedding"}]}"#, GatewayReport(state: .shedding)),
        (
            #"{"gateways":[{"state":"failing"},{"state":"wrong_path","held":1},{"state":"unknown"}]}"#,
            GatewayReport(state: .wrongPath, held: 1)
        ),
    ])
    func takesWhatItUnderstandsAndTheWorst(document: String, report: GatewayReport) {
        #expect(read(document) == report)
    }

    @Test
    func aGatewayThatHasNeverAnsweredIsGivenUpAfterSomeSeconds() {
        var patience = GatewayPatience()
        let bad = GatewayReport(state: .unauthorised)
        var isHopeless = patience.decide(bad, hasAnswered: false, now: 10)
        #expect(!isHopeless)
        isHopeless = patience.decide(bad, hasAnswered: false, now: 14)
        #expect(!isHopeless)
        isHopeless = patience.decide(GatewayReport(state: .wrongPath), hasAnswered: false, now: 15)
        #expect(isHopeless)
        isHopeless = patience.decide(GatewayReport(state: .reachable), hasAnswered: false, now: 16)
        #expect(!isHopeless)
        isHopeless = patience.decide(bad, hasAnswered: false, now: 17)
        #expect(!isHopeless, "counted anew")
        isHopeless = patience.decide(nil, hasAnswered: false, now: 30)
        #expect(!isHopeless)
    }

    @Test(arguments: [GatewayReport.State.silent, .shedding, .failing, .unknown, .reachable])
    func whatMayPassByItselfIsWaitedFor(state: GatewayReport.State) {
        var patience = GatewayPatience()
        for now in 0..<1000 {
            let isHopeless = patience.decide(GatewayReport(state: state), hasAnswered: false, now: Double(now))
            #expect(!isHopeless)
        }
    }

    @Test
    func aGatewayThatHasAnsweredIsNeverGivenUp() {
        var patience = GatewayPatience()
        let bad = GatewayReport(state: .unreachable)
        for now in 0..<1000 {
            let isHopeless = patience.decide(bad, hasAnswered: true, now: Double(now))
            #expect(!isHopeless)
        }
    }

    @Test
    func aTroubleIsSaidOnceWithItsCureAndSoIsItsEnd() {
        var news = GatewayNews()
        let away = GatewayReport(state: .unreachable, reason: "start it")
        let steps: [(GatewayReport?, Double, String?)] = [
            (nil, 0, nil), (GatewayReport(state: .reachable), 1, nil),
            (away, 2, "The gateway cannot be reached: start it"), (away, 3, nil), (nil, 4, nil), (away, 5, nil),
            (GatewayReport(state: .failing), 6, "The gateway fails."),
            (GatewayReport(state: .reachable), 7, "The gateway answers again."),
            (GatewayReport(state: .reachable), 8, nil),
            (away, 9, nil), (GatewayReport(state: .shedding), 10, nil), (GatewayReport(state: .reachable), 11, nil),
            (away, 100, "The gateway cannot be reached: start it"),
        ]
        for (report, now, line) in steps {
            let said = news.line(for: report, now: now)
            #expect(said == line, "at \(now)")
        }
    }

    @Test
    func findsAPortThatIsFree() { #expect((20_000...32_000).contains(GatewayWatch.freePort())) }

    private func read(_ document: String) -> GatewayReport? { GatewayReport(status: document) }
}
