import GatewaySimulator
import Messages
import Testing

@testable import Apctl

struct CheckTests {
    @Test
    func findsWhatEachLineWouldGetAndWhereItGoes() throws {
        var check = InputCheck(gateway: try GatewayAddress("http://me:secret@gpu/o/v1"))
        let lines = [
            #"{"custom_id":"a","url":"/v1/embeddings","body":{"model":"m"}}"#,
            #"{"id":"b","payload":{"messages":[],"model":"n"}}"#,
            "{", #"{"id":"d"}"#, #"{"payload":{}}"#, #"{"custom_id":"e","body":{}}"#,
            #"{"custom_id":"f","url":"/v1/x#y","body":{}}"#,
            #"{"id":"g","payload":{"stream":true}}"#,
        ]
        for (number, line) in lines.enumerated() { check.look(at: Array(line.utf8)[...], number: number + 1) }
        #expect(check.lines == 8)
        #expect(check.models == ["m": 1, "n": 1])
        #expect(check.paths == ["http://me:***@gpu/o/v1/embeddings": 1, "http://me:***@gpu/o/v1/chat/completions": 1])
        #expect(check.problemCount == 6)
        #expect(check.problems.map(\.line) == [3, 4, 5, 6, 7, 8])
        let starts = ["not JSON", "payload", "id", "url must be a path", "endpoint", "stream is true"]
        for (problem, start) in zip(check.problems, starts) { #expect(problem.reason.hasPrefix(start), "\(problem)") }
    }

    @Test
    func showsTheFirstProblemsAndCountsTheOthers() throws {
        try withFolder { folder in
            let path = folder.file("in", String(repeating: "{\n", count: 25))
            var check = InputCheck(gateway: try GatewayAddress("http://gpu"))
            let survey = try InputSurvey(path: path) { check.look(at: $0, number: $1) }
            var report = CheckReport()
            report.add(check, survey, path: path)
            #expect(report.problems == InputCheck.shown + 1)
            #expect(report.text.contains("problem line 10: "))
            #expect(report.text.contains("problem 15 more lines cannot be sent"))
        }
    }

    @Test(
        .timeLimit(.minutes(1)),
        arguments: [
            (nil, GatewayCheck.models(["food-review-1"])), (404, .noList(status: 404)), (401, .refused(status: 401)),
            (503, .notReady(status: 503)),
        ])
    func asksTheGatewayForItsModelsWithTheToken(status: Int?, answer: GatewayCheck) async throws {
        let settings = GatewaySettings(script: { _ in status.map { .response($0, headers: [], body: []) } })
        let gateway = try await GatewaySimulator.start(settings)
        let access = GatewayAccess(address: try GatewayAddress(gateway.url + "/v1"), key: "sk-1")
        #expect(await GatewayCheck.ask(access) == answer)
        #expect(gateway.requests().map(\.path) == ["/v1/models"])
        #expect(gateway.requests().first?.header("Authorization") == "Bearer sk-1")
        await gateway.stop()
        guard case .silent(let reason) = await GatewayCheck.ask(access) else {
            Issue.record("nobody is there")
            return
        }
        #expect(reason.contains("Does the gateway run there"))
        #expect(!reason.contains("sk-1"))
    }

    @Test
    func saysWhatTheAnswerMeans() throws {
        let access = GatewayAccess(address: try GatewayAddress("http://gpu"))
        func text(_ answer: GatewayCheck, _ access: GatewayAccess) -> String {
            var report = CheckReport()
            report.add(answer, of: access, models: ["m": 2, "n": 1])
            return report.text
        }
        #expect(
            text(.models(["m"]), access).contains("problem it does not serve n; requests for it: 1\nProblems: 1."))
        #expect(text(.models(["n", "m"]), access).hasSuffix("Nothing stands in the way.\n"))
        #expect(
            text(.noList(status: 404), access).contains("note    the gateway answers, but has no list of models (404)"))
        #expect(text(.refused(status: 401), access).contains("wants a token: --token-file, or OPENAI_API_KEY"))
        var known = access
        known.tokenFile = "/token"
        #expect(text(.refused(status: 401), known).contains("refuses the token"))
    }
}
