import ArgumentParser
import GatewaySimulator

extension CapacitySettings.Scheduling: ExpressibleByArgument {}

/// A time as `Latency` reads it: 100us, 4ms, 1.5s.
struct StepTime: ExpressibleByArgument, Equatable {
    var seconds: Double

    init(seconds: Double) { self.seconds = seconds }

    init?(argument: String) {
        guard let time = Duration(latency: argument) else { return nil }
        seconds = time / .seconds(1)
    }

    var defaultValueDescription: String { seconds < 0.001 ? "\(seconds * 1e6)us" : "\(seconds * 1e3)ms" }
}

/// Numbers with commas between them, all of them 0 or more.
struct Numbers: ExpressibleByArgument, Equatable {
    var values: [Double]

    init(_ values: [Double]) { self.values = values }

    init?(argument: String) {
        let words = argument.split(separator: ",", omittingEmptySubsequences: false)
        values = words.compactMap { Double($0) }.filter { $0 >= 0 && $0 <= 1e9 }
        guard values.count == words.count, !values.isEmpty else { return nil }
    }

    var defaultValueDescription: String { values.map { "\($0)" }.joined(separator: ",") }
}

/// Flags of the simulated gateway that let requests cost each other something.
struct CapacityOptions: ParsableArguments {
    @Option(
        help: """
            Time for one token of an answer on a model server that does nothing else, such as 4ms. Given, inferences take \
            as long as they would beside each other: the flags below belong to it.
            """)
    var tokenTime: StepTime?
    @Option(help: "What each request that runs adds to that time.")
    var tokenTimePerRequest = StepTime(seconds: 0.0001)
    @Option(help: "Model servers; each request goes to the one with the fewest.") var replicas = 1
    @Option(help: "Requests that a model server runs at once; those above wait.") var maxRunning = 128
    @Option(help: "Which of them runs next: fcfs, or priority, --sheddable ones last.")
    var scheduling = CapacitySettings.Scheduling.fcfs
    @Option(help: "Tokens of a prompt that take as long as one token of an answer.") var promptTokensPerStep = 200.0
    @Option(help: "Median and spread of the length of answers before max_tokens cuts them.")
    var outputTokens = Numbers([60, 0.6])
    @Option(
        help: """
            Saturation from which --sheddable requests are answered 429: the mean over model servers of max(waiting / 5, \
            running / 0.8 / --max-running). (default: never)
            """)
    var shedAt: Double?
    @Option(help: "Value of x-gateway-inference-objective that is less important; may be repeated.")
    var sheddable: [String] = []
    @Flag(help: "Holds --sheddable requests back instead of answering 429.") var hold = false
    @Option(help: "How long one is held back before it is answered 503.") var holdTime = TimeSpan(seconds: 60)
    @Flag(help: "Adds to answers the metrics of vLLM's --enable-per-request-metrics.") var requestMetrics = false
    @Option(
        help: """
            Online users, simulated without HTTP: steps:QUIET,BURST,LENGTH,GAP, such as steps:5,60,15s,25s, or \
            day:MEAN,SWING,PERIOD[,FACTOR,LENGTH,GAP], such as day:30,0.6,20m. Rates are per second and model server.
            """)
    var online: String?
    @Option(help: "Median tokens of an online user's prompt and answer.") var onlineTokens = Numbers([200, 60])
    @Option(help: "File for a JSON line each second, and a summary at the end.") var report: String?
    @Option(help: "Time between two lines of it.") var reportEvery = TimeSpan(seconds: 1)
    @Option(help: "Seconds from and to which the summary counts, such as 10,100. (default: all)")
    var reportSpan: Numbers?

    /// - Parameter seed: What the users depend on.
    func settings(seed: UInt64) -> CapacitySettings? {
        guard let tokenTime else { return nil }
        let span = reportSpan?.values ?? []
        return CapacitySettings(
            replicas: replicas, tokenTime: tokenTime.seconds, tokenTimePerRequest: tokenTimePerRequest.seconds,
            maxRunning: maxRunning, scheduling: scheduling, promptTokensPerStep: promptTokensPerStep,
            outputTokens: TokenLengths(
                median: outputTokens.values[0], spread: outputTokens.values.last ?? 0, range: 1...100_000),
            shedAt: shedAt ?? (hold ? 1 : nil), sheddable: Set(sheddable), hold: hold ? holdTime.seconds : nil,
            addsRequestMetrics: requestMetrics, online: onlineLoad(seed: seed), reportEvery: reportEvery.seconds,
            reportSpan: span.count == 2 ? span[0]..<span[1] : 0..<Double.infinity)
    }

    private func onlineLoad(seed: UInt64) -> OnlineLoad? {
        guard let shape = online.flatMap(OnlineLoad.Shape.init) else { return nil }
        let (prompt, answer) = (onlineTokens.values[0], onlineTokens.values.last ?? 0)
        return OnlineLoad(
            shape: shape, promptTokens: TokenLengths(median: prompt, spread: 0.6, range: 4...max(4, Int(prompt * 10))),
            outputTokens: TokenLengths(median: answer, spread: 0.6, range: 1...max(4, Int(answer * 20 / 3))), seed: seed
        )
    }

    func validate() throws {
        try validateDependence()
        guard tokenTime != nil else { return }
        if tokenTime?.seconds == 0 { throw ValidationError("--token-time is more than 0.") }
        if !(1...1000).contains(replicas) { throw ValidationError("--replicas is from 1 to 1000.") }
        if maxRunning < 1 { throw ValidationError("--max-running is 1 or more.") }
        if !(promptTokensPerStep >= 1) { throw ValidationError("--prompt-tokens-per-step is 1 or more.") }
        if outputTokens.values.count != 2 || outputTokens.values[0] < 1 || outputTokens.values[1] > 5 {
            throw ValidationError("--output-tokens is a median, 1 or more, and a spread, 0 to 5, such as 60,0.6.")
        }
        if let shedAt, !(shedAt > 0) { throw ValidationError("--shed-at is more than 0.") }
        if sheddable.isEmpty, shedAt != nil || hold || scheduling == .priority {
            throw ValidationError("--shed-at, --hold and --scheduling priority need --sheddable: who is concerned?")
        }
        try validateOnline()
    }

    private func validateOnline() throws {
        if let online, OnlineLoad.Shape(online) == nil {
            throw ValidationError("--online '\(online)' is not such as steps:5,60,15s,25s or day:30,0.6,20m.")
        }
        if onlineTokens.values.count != 2 || onlineTokens.values.contains(where: { $0 < 1 || $0 > 1e6 }) {
            throw ValidationError("--online-tokens is two numbers from 1 on, such as 200,60.")
        }
        if let span = reportSpan?.values, span.count != 2 || span[0] >= span[1] {
            throw ValidationError("--report-span is two numbers of seconds, the first the smaller one, such as 10,100.")
        }
        if reportEvery.seconds < 0.01 { throw ValidationError("--report-every is 10ms or more.") }
    }

    /// Nothing of this has an effect alone, and what has none would mislead.
    private func validateDependence() throws {
        guard tokenTime == nil else { return }
        let given: [(String, Bool)] = [
            ("--replicas", replicas != 1), ("--max-running", maxRunning != 128), ("--scheduling", scheduling != .fcfs),
            ("--shed-at", shedAt != nil), ("--sheddable", !sheddable.isEmpty), ("--hold", hold),
            ("--request-metrics", requestMetrics), ("--online", online != nil), ("--report", report != nil),
            ("--report-span", reportSpan != nil),
        ]
        if let name = given.first(where: \.1)?.0 {
            throw ValidationError("\(name) has no effect without a model server's speed: give --token-time too.")
        }
    }
}
