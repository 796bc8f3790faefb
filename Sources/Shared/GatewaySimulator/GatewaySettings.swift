/// What the simulated gateway does with requests.
package struct GatewaySettings: Sendable {
    /// How long an inference takes.
    package var latency: Latency
    /// Inferences at once; 0 for no limit.
    package var maxConcurrency: Int
    /// What happens to requests above `maxConcurrency`.
    package var overload: Overload
    /// Requests that wait at most when `overload` is `.queue`; those above are answered 429; `nil` for no limit.
    package var maxWaiting: Int?
    /// What inferences cost each other; `nil` for nothing.
    package var capacity: CapacitySettings?
    package var faults: FaultShares
    /// Value of `Retry-After` on 429 and 503; `nil` for none.
    package var retryAfter: String?
    /// How long the body of a slow answer takes from its first byte to its last.
    package var slowBody: Duration
    /// Latency and faults depend on this, on the request, and on nothing else.
    package var seed: UInt64
    /// Names of the models served, for `/v1/models` and the gauges.
    package var models: [String]
    /// Whether requests for models not among them are answered as well; 404 otherwise.
    package var servesOtherModels: Bool
    /// Whether requests are kept for `GatewayRecorder.requests`; they stay in memory until the end.
    package var records: Bool
    /// Decides about a request before the shares do; `nil` leaves it to them.
    ///
    /// Runs on the pipeline thread.
    package var script: (@Sendable (GatewayRequest) -> GatewayAnswer?)?
    /// Told what becomes of each request, by its number: `.answered` before the last bytes of the answer are written,
    /// and once more whatever came in the end.
    ///
    /// Runs on the pipeline thread.
    package var observe: (@Sendable (Int, GatewayRequest.Outcome) -> Void)?
    /// Whether `GatewayRequest.attempt` is counted, which takes memory for each different request; it is 1 otherwise.
    package var countsAttempts: Bool
    /// Takes the lines of the capacity model's report, each a JSON object, as they become known.
    ///
    /// Runs on the pipeline thread.
    package var report: (@Sendable (String) -> Void)?

    package enum Overload: String, Sendable, CaseIterable {
        /// Requests wait in the order they came.
        case queue
        /// Requests are answered 429 at once.
        case shed
    }

    package init(
        latency: Latency = .fixed(.zero), maxConcurrency: Int = 0, overload: Overload = .queue,
        maxWaiting: Int? = nil, capacity: CapacitySettings? = nil, faults: FaultShares = FaultShares(),
        retryAfter: String? = nil, slowBody: Duration = .seconds(2),
        seed: UInt64 = 0, models: [String] = ["food-review-1"], servesOtherModels: Bool = true,
        records: Bool = true,
        script: (@Sendable (GatewayRequest) -> GatewayAnswer?)? = nil,
        observe: (@Sendable (Int, GatewayRequest.Outcome) -> Void)? = nil, countsAttempts: Bool = true,
        report: (@Sendable (String) -> Void)? = nil
    ) {
        self.latency = latency
        self.maxConcurrency = maxConcurrency
        self.overload = overload
        self.maxWaiting = maxWaiting
        self.capacity = capacity
        self.faults = faults
        self.retryAfter = retryAfter
        self.slowBody = slowBody
        self.seed = seed
        self.models = models
        self.servesOtherModels = servesOtherModels
        self.records = records
        self.script = script
        self.observe = observe
        self.countsAttempts = countsAttempts
        self.report = report
    }
}

/// Shares of inference requests that go wrong, each 0 to 1, together at most 1.
package struct FaultShares: Sendable, Equatable {
    /// Answered 429 at once.
    package var shed: Double
    /// Answered 503 at once.
    package var unavailable: Double
    /// The connection is closed after the latency, before any byte of the answer.
    package var cutBeforeAnswer: Double
    /// The connection is closed after half of the body.
    package var cutInBody: Double
    /// The body comes in small pieces over `GatewaySettings.slowBody`.
    package var slow: Double
    /// Accepted and never answered.
    package var silent: Double

    package init(
        shed: Double = 0, unavailable: Double = 0, cutBeforeAnswer: Double = 0, cutInBody: Double = 0,
        slow: Double = 0, silent: Double = 0
    ) {
        self.shed = shed
        self.unavailable = unavailable
        self.cutBeforeAnswer = cutBeforeAnswer
        self.cutInBody = cutInBody
        self.slow = slow
        self.silent = silent
    }

    private var all: [Double] { [shed, unavailable, cutBeforeAnswer, cutInBody, slow, silent] }

    /// Whether each share is within 0 to 1 and so is their sum.
    package var isValid: Bool { all.allSatisfy { (0...1).contains($0) } && all.reduce(0, +) <= 1 + 1e-9 }

    /// What becomes of a request that drew `number`, uniform in 0 to 1.
    func answer(drawn number: Double, retryAfter: String?, slowBody: Duration) -> GatewayAnswer {
        let answers: [GatewayAnswer] = [
            .refusal(429, retryAfter: retryAfter), .refusal(503, retryAfter: retryAfter),
            .cutBeforeAnswer, .cutInBody, .slow(over: slowBody), .silent,
        ]
        var bound = 0.0
        for (share, answer) in zip(all, answers) {
            bound += share
            if number < bound { return answer }
        }
        return .normal
    }
}
