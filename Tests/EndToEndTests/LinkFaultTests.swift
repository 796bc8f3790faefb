import Foundation
import GatewaySimulator
import Processes
import TestServers
import Testing

extension EndToEnd {
    /// What happens between the stages when connections break or peers are away.
    struct LinkFaultTests {
        @Test(.timeLimit(.minutes(2)))
        func repeatsNoAttemptWhenConnectionsBetweenLivingProcessesAreCut() async throws {
            let all = ids(1500)
            let folder = try temporaryDirectory()
            try await withGateway(GatewaySettings(latency: .fixed(.milliseconds(5)))) { gateway in
                let queue = try SQLiteClient(path: folder.appending(path: "queue.db").path)
                try queue.insert(all.map { request($0) })
                let links = try ProxiedLinks()
                let pipeline = try Pipeline(
                    queue: queue.flags(gateway: gateway.completions), own: links.flags, endpoints: links.endpoints)
                try await withPipeline(pipeline) { _ in
                    for goal in stride(from: 100, through: 1300, by: 200) {
                        try await eventually("\(goal) results") { try queue.resultCount() >= goal ? true : nil }
                        links.cut()
                    }
                    try await eventually("all results") { try queue.resultCount() == all.count ? true : nil }
                    #expect(try queue.resultsPerID().values.allSatisfy { $0 == 1 })
                    let attempts = gateway.attemptsPerBody()
                    #expect(attempts.count == all.count)
                    #expect(attempts.values.allSatisfy { $0 == 1 })
                }
                links.close()
            }
            try FileManager.default.removeItem(at: folder)
        }

        @Test(.timeLimit(.minutes(2)))
        func waitsForPeersThatComeLateAndForThoseThatVanishWithoutSpinning() async throws {
            try await withRun(["a"]) { run in
                try await run.waitForResults(1)
                for name in ["dispatch", "retry", "emit"] { try await run.pipeline[name].signal(SIGKILL) }
                try run.queue.insert([request("b")])
                try await expectIdle(run.pipeline["ingest"], for: .seconds(4))
                let log = try await run.pipeline["ingest"].logText()
                #expect(log.components(separatedBy: "No peer answers").count == 2, "\(log)")
                for name in ["emit", "retry"] { try await run.pipeline[name].start() }
                try await eventually("emit is up") {
                    try await run.pipeline["emit"].logText().components(separatedBy: "The queue answers").count > 2
                        ? true : nil
                }
                try await expectIdle(run.pipeline["emit"], for: .seconds(2))
                try await run.pipeline["dispatch"].start()
                try await run.waitForResults(2)
                try run.expectOneResultEach(["a", "b"])
            }
        }

        @Test(.timeLimit(.minutes(2)))
        func keepsThePaceOfAQueueWhileAnotherOnesGatewayIsSilent() async throws {
            let folder = try temporaryDirectory()
            let silent = try await GatewaySimulator.start(GatewaySettings(script: { _ in .silent }))
            try await withGateway(GatewaySettings(latency: .fixed(.milliseconds(5)))) { gateway in
                let queue = try SQLiteClient(path: folder.appending(path: "queue.db").path)
                try queue.insert(ids(200, "s").map { request($0) }, queue: "silent")
                try queue.insert(ids(500).map { request($0) }, queue: "quick")
                let file = folder.appending(path: "queues.json")
                try Data(
                    """
                    {"queues":[{"queue_name":"silent","igw_base_url":"\(silent.url)"},
                               {"queue_name":"quick","igw_base_url":"\(gateway.url)"}]}
                    """.utf8
                ).write(to: file)
                let pipeline = try Pipeline(
                    queue: [
                        "--message-queue-impl", "sqlite", "--sqlite.path", queue.path, "--queues-config-file",
                        file.path,
                    ], flags: ["--concurrency", "16", "--drain-timeout", "1"])
                try await withPipeline(pipeline) { _ in
                    let start = ContinuousClock.now
                    try await eventually("the quick queue's results", within: .seconds(30)) {
                        try queue.resultCount() >= 500 ? true : nil
                    }
                    #expect(ContinuousClock.now - start < .seconds(20))
                    #expect(try queue.results().allSatisfy { $0.id.hasPrefix("r") })
                }
            }
            await silent.stop()
            try FileManager.default.removeItem(at: folder)
        }

        /// The process uses less than 1 % of a processor over `period`.
        private func expectIdle(_ process: StageProcess, for period: Duration) async throws {
            let before = try await process.cpuTime()
            try await Task.sleep(for: period)
            let used = try await process.cpuTime() - before
            #expect(used <= period / 100 + .milliseconds(20), "\(process.name) used \(used) in \(period)")
        }
    }
}

/// Links over TCP with a proxy in each direction of each.
private struct ProxiedLinks: Sendable {
    let flags: [String: [String]]
    let endpoints: [String: String]
    private let proxies: [CuttingProxy]

    init() throws {
        var flags: [String: [String]] = [:]
        var endpoints: [String: String] = [:]
        var proxies: [CuttingProxy] = []
        for name in ["dispatch", "retry", "emit"] {
            let port = try freePort()
            let proxy = try CuttingProxy(to: port)
            flags[name, default: []] += ["--listen", "tcp://127.0.0.1:\(port)"]
            endpoints[name] = "tcp://127.0.0.1:\(proxy.port)"
            proxies.append(proxy)
        }
        for name in ["ingest", "dispatch", "retry"] {
            let port = try freePort()
            let proxy = try CuttingProxy(to: port)
            flags[name, default: []] += [
                "--acks", "tcp://127.0.0.1:\(port)", "--acks-advertise", "tcp://127.0.0.1:\(proxy.port)",
            ]
            proxies.append(proxy)
        }
        self.flags = flags
        self.endpoints = endpoints
        self.proxies = proxies
    }

    func cut() { for proxy in proxies { proxy.cut() } }
    func close() { for proxy in proxies { proxy.close() } }
}
