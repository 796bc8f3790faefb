import ArgumentParser
import GatewaySimulator
import Messages
import UnixSignals

extension Latency: ExpressibleByArgument {
    package init?(argument: String) { self.init(argument) }
}

extension GatewaySettings.Overload: ExpressibleByArgument {}

struct GatewaySimCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gateway-sim",
        abstract: "A stand-in for an OpenAI-style inference gateway, with faults on demand.",
        usage: "apctl gateway-sim [options]",
        discussion: """
            Serves /v1/completions, /v1/chat/completions, /v1/embeddings, /v1/models, /metrics and /health, and answers \
            the same request the same way every time. Shares are from 0 to 1; with one seed each attempt of each \
            request always meets the same fate. Ends on SIGINT or SIGTERM.
            """
    )

    @Option(help: "Address to listen on.") var host = "127.0.0.1"
    @Option(help: "Port to listen on; 0 lets the system choose.") var port: UInt16 = 30080
    @Option(
        help: """
            Name of a model it serves; may be repeated. Others are answered 404. (default: food-review-1 is listed, and \
            every name is answered)
            """)
    var model: [String] = []
    @Option(
        help: """
            Time an inference takes: 100ms, uniform:50ms,200ms, normal:100ms,20ms (mean, deviation), exponential:100ms \
            or lognormal:100ms,0.5 (median, spread).
            """)
    var latency = Latency.fixed(.zero)
    @Option(help: "Inferences at once; 0 for no limit.") var maxConcurrency = 0
    @Option(help: "What happens above the limit: requests wait, or are answered 429.")
    var overload = GatewaySettings.Overload.queue
    @Option(help: "Requests that wait at most; those above are answered 429. (default: no limit)") var maxWaiting: Int?
    @Option(name: .customLong("share-429"), help: "Share answered 429.") var share429 = 0.0
    @Option(name: .customLong("share-503"), help: "Share answered 503.") var share503 = 0.0
    @Option(help: "Share of connections closed before the answer.") var shareCut = 0.0
    @Option(help: "Share of connections closed in the middle of the answer.") var shareCutBody = 0.0
    @Option(help: "Share of answers whose body trickles.") var shareSlow = 0.0
    @Option(help: "Share that is accepted and never answered.") var shareSilent = 0.0
    @Option(help: "How long a trickling body takes.") var slowBody = TimeSpan(seconds: 2)
    @Option(help: "Value of Retry-After on 429 and 503: seconds or an HTTP date.") var retryAfter: String?
    @Option(help: "Faults, latencies and online users depend on it.") var seed: UInt64 = 0
    @OptionGroup(title: "Capacity") var capacity: CapacityOptions

    var settings: GatewaySettings {
        GatewaySettings(
            latency: latency, maxConcurrency: maxConcurrency, overload: overload, maxWaiting: maxWaiting,
            capacity: capacity.settings(seed: seed),
            faults: FaultShares(
                shed: share429, unavailable: share503, cutBeforeAnswer: shareCut, cutInBody: shareCutBody,
                slow: shareSlow, silent: shareSilent),
            retryAfter: retryAfter, slowBody: slowBody.duration, seed: seed,
            models: model.isEmpty ? ["food-review-1"] : model, servesOtherModels: model.isEmpty, records: false)
    }

    func validate() throws {
        if !settings.faults.isValid {
            throw ValidationError("Each --share-… is from 0 to 1, and together they are at most 1.")
        }
        if maxConcurrency < 0 { throw ValidationError("--max-concurrency is 0 or more.") }
        if overload == .shed, maxConcurrency == 0 {
            throw ValidationError("--overload shed has no effect without a limit: give --max-concurrency too.")
        }
        if let maxWaiting, maxWaiting < 0 || maxConcurrency == 0 || overload == .shed {
            throw ValidationError(
                "--max-waiting is 0 or more, with --max-concurrency and without --overload shed: \(maxWaiting).")
        }
        if let retryAfter, !Self.isRetryAfter(retryAfter) {
            throw ValidationError(
                "--retry-after is seconds, such as 2, or a date, such as 'Sun, 06 Nov 1994 08:49:37 GMT'.")
        }
        try validateModels()
        try validateHost()
    }

    /// Source: RFC 9110, section 10.2.3.
    private static func isRetryAfter(_ text: String) -> Bool {
        let isNumber = !text.isEmpty && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
        return isNumber || HTTPDate.parse(text, now: 0) != nil
    }

    private func validateModels() throws {
        if model.contains("") { throw ValidationError("--model needs a name.") }
        if Set(model).count < model.count { throw ValidationError("--model names a model twice.") }
    }

    /// An address or a name; what it stands for is only known once the gateway listens there.
    private func validateHost() throws {
        let isName = !host.isEmpty && host.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"/[]@?#".utf8.contains($0) }
        // IPv6 has two colons at least: one is a host with a port.
        if !isName || host.utf8.count(where: { $0 == 0x3A }) == 1 {
            throw ValidationError("--host '\(host)' is no address or name; the port is given by --port.")
        }
    }

    func run() async throws {
        let signals = await UnixSignalsSequence(trapping: [.sigint, .sigterm])
        let report = try capacity.report.map { try Self.open($0) }
        let gateway = try await start(report)
        Console.out("Simulated gateway on \(gateway.url)\n")
        for await _ in signals { break }
        // Stopped, it writes no more lines: the summary is the last one.
        await gateway.stop()
        if let report, let summary = await gateway.summary() { report.write(summary) }
    }

    private static func open(_ path: String) throws -> ReportFile {
        do {
            return try ReportFile(path)
        } catch {
            Console.error("apctl gateway-sim: \(error); --report says which file is written\n")
            throw ExitCode.failure
        }
    }

    private func start(_ report: ReportFile?) async throws -> GatewaySimulator {
        var settings = settings
        if let report { settings.report = { line in report.write(line) } }
        do {
            return try await GatewaySimulator.start(settings, host: host, port: port)
        } catch {
            Console.error("apctl gateway-sim: \(error); --host and --port say where it listens\n")
            throw ExitCode.failure
        }
    }
}
