/// How fast the simulated model servers are, and what happens when they are full.
///
/// A replica gives each of its requests one token per step, and a step takes longer the more requests it serves: the
/// picture of continuous batching that measured sweeps agree with. All times are in seconds.
package struct CapacitySettings: Sendable, Equatable {
    /// Model servers behind the gateway, 1 or more.
    package var replicas: Int
    /// What a step takes of which nothing depends on the number of requests.
    package var tokenTime: Double
    /// What each running request adds to a step.
    package var tokenTimePerRequest: Double
    /// Requests a replica runs at once; those above wait.
    package var maxRunning: Int
    package var scheduling: Scheduling
    /// Tokens of a prompt that take as long as one step.
    package var promptTokensPerStep: Double
    /// How long answers would be if `max_tokens` did not cut them; drawn by the request's fingerprint.
    package var outputTokens: TokenLengths
    /// From this saturation on requests of `sheddable` objectives are refused or held back; `nil` for never.
    ///
    /// Saturation is the mean over replicas of max(waiting / 5, running / (0.8 · `maxRunning`)), seen anew each 100 ms,
    /// as a gateway that scrapes its replicas has it.
    package var shedAt: Double?
    /// Values of `x-gateway-inference-objective` that are of less importance than the online users.
    package var sheddable: Set<String>
    /// How long a request is held back at most, instead of being refused at once; `nil` for refusing.
    package var hold: Double?
    /// Whether answers carry the `metrics` object that vLLM adds with `--enable-per-request-metrics`.
    package var addsRequestMetrics: Bool
    /// Users who share the replicas with what comes over HTTP.
    package var online: OnlineLoad?
    /// Seconds between two lines of the report.
    package var reportEvery: Double
    /// What counts for the summary: seconds since the start, of the arrival of a request.
    package var reportSpan: Range<Double>

    /// In which order waiting requests are run.
    package enum Scheduling: String, Sendable, CaseIterable {
        /// As they came.
        case fcfs
        /// Those of `sheddable` objectives after all others.
        case priority
    }

    package init(
        replicas: Int = 1, tokenTime: Double, tokenTimePerRequest: Double = 0.0001, maxRunning: Int = 128,
        scheduling: Scheduling = .fcfs, promptTokensPerStep: Double = 200,
        outputTokens: TokenLengths = TokenLengths(median: 60, spread: 0.6, range: 1...100_000), shedAt: Double? = nil,
        sheddable: Set<String> = [], hold: Double? = nil, addsRequestMetrics: Bool = false, online: OnlineLoad? = nil,
        reportEvery: Double = 1, reportSpan: Range<Double> = 0..<Double.infinity
    ) {
        self.replicas = replicas
        self.tokenTime = tokenTime
        self.tokenTimePerRequest = tokenTimePerRequest
        self.maxRunning = maxRunning
        self.scheduling = scheduling
        self.promptTokensPerStep = promptTokensPerStep
        self.outputTokens = outputTokens
        self.shedAt = shedAt
        self.sheddable = sheddable
        self.hold = hold
        self.addsRequestMetrics = addsRequestMetrics
        self.online = online
        self.reportEvery = reportEvery
        self.reportSpan = reportSpan
    }
}
