import Foundation
import FoundationNetworking
import Logging
import PipelineMetrics
import ServiceLifecycle
import Status
import Testing

@Suite(.timeLimit(.minutes(1)))
struct StatusServerTests {
    @Test
    func saysThatAllIsWell() async throws {
        try await withServer(FixedProvider()) { server in
            let health = try await server.get("/healthz")
            #expect(health == Answer(200, "application/json", #"{"status":"ok"}"# + "\n"))
            let ready = try await server.get("/readyz")
            #expect(ready == Answer(200, "application/json", #"{"status":"ready"}"# + "\n"))
        }
    }

    @Test
    func saysWhyItIsNotWell() async throws {
        let provider = FixedProvider(
            health: .failing(reason: "no turn for 12 s"), readiness: .notReady(reason: "Redis: \"refused\""))
        try await withServer(provider) { server in
            let health = try await server.get("/healthz")
            #expect(health.code == 503)
            #expect(health.body == #"{"error":"no turn for 12 s","status":"failing"}"# + "\n")
            let ready = try await server.get("/readyz")
            #expect(ready.code == 503)
            #expect(ready.body == #"{"error":"Redis: \"refused\"","status":"not ready"}"# + "\n")
        }
    }

    @Test
    func isReadyThoughSomethingBesideItIsWrong() async throws {
        try await withServer(FixedProvider(readiness: .readyBut(notes: ["a", "b"]))) { server in
            let ready = try await server.get("/readyz")
            #expect(ready == Answer(200, "application/json", #"{"note":"a; b","status":"ready"}"# + "\n"))
        }
    }

    @Test
    func showsTheReportAsJSON() async throws {
        let peer = StatusReport.Peer(
            link: "dispatch-emit", address: "tcp://127.0.0.1:5559", state: "alive", room: 7, open: 2,
            oldestOpen: .milliseconds(1_234))
        let idle = StatusReport.Peer(link: "dispatch-retry", address: "ipc:///r", state: "silent", room: 1, open: 0)
        let report = StatusReport(
            version: "1.2.3", stage: "dispatch", settings: ["--concurrency": "8"], uptime: .milliseconds(61_500),
            peers: [peer, idle], counts: ["attempts_open": 3],
            gateways: [
                .init(
                    origin: "http://gateway:80", queue: "q", state: "unreachable", since: 1_790_000_000_000,
                    reason: "it refuses connections", held: 3, attempts: ["unanswered": 4]),
                .init(origin: "http://other:80", queue: "q", state: "unknown", since: 0, reason: "", held: 0),
            ],
            gates: [.init(owner: "queue q", name: "redis", condition: "shut", since: 0, reason: "away")],
            reasons: ["no peer has room"])
        try await withServer(FixedProvider(report: report)) { server in
            let answer = try await server.get("/status")
            #expect(answer.code == 200)
            #expect(answer.type == "application/json")
            #expect(answer.body.hasSuffix("}\n"))
            let document = try #require(
                JSONSerialization.jsonObject(with: Data(answer.body.utf8)) as? [String: Any])
            let expected: [String: Any] = [
                "version": "1.2.3", "stage": "dispatch", "settings": ["--concurrency": "8"], "uptime_seconds": 61.5,
                "counts": ["attempts_open": 3], "reasons": ["no peer has room"],
                "gateways": [
                    [
                        "origin": "http://gateway:80", "queue": "q", "state": "unreachable",
                        "since": "2026-09-21T14:13:20Z", "reason": "it refuses connections", "held": 3,
                        "attempts": ["unanswered": 4],
                    ],
                    ["origin": "http://other:80", "queue": "q", "state": "unknown", "reason": "", "held": 0],
                ],
                "gates": [["of": "queue q", "gate": "redis", "condition": "shut", "reason": "away"]],
                "peers": [
                    [
                        "link": "dispatch-emit", "address": "tcp://127.0.0.1:5559", "state": "alive", "room": 7,
                        "open": 2, "oldest_open_seconds": 1.234,
                    ],
                    ["link": "dispatch-retry", "address": "ipc:///r", "state": "silent", "room": 1, "open": 0],
                ],
            ]
            #expect(NSDictionary(dictionary: document) == NSDictionary(dictionary: expected))
        }
    }

    @Test
    func exposesTheRegistry() async throws {
        let registry = MetricsRegistry()
        registry.counter("a_total", help: "All.").increment(by: 2)
        try await withServer(FixedProvider(), registry: registry) { server in
            let answer = try await server.get("/metrics")
            #expect(answer.code == 200)
            #expect(answer.type == "text/plain; version=0.0.4; charset=utf-8")
            #expect(answer.body == "# HELP a_total All.\n# TYPE a_total counter\na_total 2\n")
        }
    }

    @Test(arguments: [("GET", "/", 404), ("GET", "/metrics/x", 404), ("POST", "/healthz", 405), ("PUT", "/", 405)])
    func refusesWhatItDoesNotServe(method: String, path: String, code: Int) async throws {
        try await withServer(FixedProvider()) { server in
            let answer = try await server.get(path, method: method)
            #expect(answer.code == code)
            #expect(answer.body.hasPrefix(#"{"error":"only "#))
        }
    }

    @Test
    func answersInTimeWhenTheStageHangs() async throws {
        let provider = HangingProvider()
        defer { provider.release() }
        try await withServer(provider, answerLimit: .milliseconds(200)) { server in
            let clock = ContinuousClock()
            let start = clock.now
            async let health = server.get("/healthz")
            async let ready = server.get("/readyz")
            async let status = server.get("/status")
            let answers = try await [health, ready, status]
            #expect(clock.now - start >= .milliseconds(200))
            #expect(answers.map(\.code) == [503, 503, 503])
            #expect(answers[0].body == #"{"error":"the stage does not answer","status":"failing"}"# + "\n")
            let metrics = try await server.get("/metrics")
            #expect(metrics.code == 200)
        }
    }

    @Test
    func collectsNoQuestionsWhileTheStageHangs() async throws {
        let provider = HangingProvider()
        defer { provider.release() }
        try await withServer(provider, answerLimit: .milliseconds(1)) { server in
            for _ in 0..<20 {
                let answer = try await server.get("/healthz")
                #expect(answer.code == 503)
            }
        }
        #expect(provider.questions == 16)
    }

    @Test
    func saysThatThePortIsTaken() async throws {
        try await withServer(FixedProvider()) { server in
            let error = #expect(throws: StatusServerError.self) {
                _ = try makeServer(FixedProvider(), port: server.port)
            }
            #expect(
                error?.description
                    == "cannot serve status on 127.0.0.1:\(server.port): Address already in use: the port is taken; "
                    + "choose another with --metrics-port, or 0 for none")
        }
    }

    @Test
    func refusesAHostThatIsNotOurs() {
        let error = #expect(throws: StatusServerError.self) {
            _ = try makeServer(FixedProvider(), host: "192.0.2.1")
        }
        #expect(error?.reason == "Cannot assign requested address (--metrics-host, --metrics-port)")
    }

    @Test
    func refusesAHostThatIsNoAddress() {
        let error = #expect(throws: StatusServerError.self) {
            _ = try makeServer(FixedProvider(), host: "not a host")
        }
        #expect(error?.address == "not a host:0")
    }

    @Test(arguments: ["*", "localhost", "0.0.0.0", ""])
    func listensOnNamesAndWildcards(host: String) async throws {
        try await withServer(FixedProvider(), host: host) { server in
            let answer = try await server.get("/healthz")
            #expect(answer.code == 200)
        }
    }

    @Test
    func endsWhenTheGroupShutsDown() async throws {
        let server = try makeServer(FixedProvider())
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let group = ServiceGroup(services: [server], logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            let port = server.port
            let answer = try await RunningServer(port: port).get("/healthz")
            #expect(answer.code == 200)
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
            await #expect(throws: (any Error).self) { try await RunningServer(port: port).get("/healthz") }
        }
    }

    @Test
    func namesItselfWithItsAddress() throws {
        let server = try makeServer(FixedProvider(), port: 9092)
        #expect(server.description == "status server on 127.0.0.1:9092")
    }
}
