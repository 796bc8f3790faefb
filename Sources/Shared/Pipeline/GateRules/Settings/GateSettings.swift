/// What one gate is told to do; the gates are those of llm-d-async, with its parameters.
package indirect enum GateSettings: Sendable, Equatable {
    /// `constant`, and no type at all: always open.
    case constant
    /// `redis`: a budget that somebody writes to a key.
    case redis(RedisBudgetSettings)
    /// `redis-quota`: so many requests at once, or requests or tokens in a while, for each value of an attribute.
    case quota(QuotaSettings)
    /// `redis-leased-rate`: starts per second, as a controller allows for a while.
    case leasedRate(LeasedRateSettings)
    /// `local-max-concurrency`: so many requests of this process at once.
    case localConcurrency(LocalConcurrencySettings)
    /// `composite`: all of these.
    case all([GateSettings])
    /// `wait-on-refuse`: who is refused waits instead.
    case waitOnRefuse(GateSettings)
    /// `tier-priority-admission`: what becomes of a request while another gate is closed depends on its tier.
    case tierAdmission(saturation: GateSettings, tierLabel: String)
    /// `prometheus-query`: a budget that an expression gives.
    case query(PrometheusQuerySettings)
    /// `prometheus-saturation`: what a pool's flow control says of itself.
    case saturation(PrometheusSaturationSettings)
    /// `prometheus-budget`: how much of a pool is free.
    case budget(PrometheusBudgetSettings)
    /// `endpoint-scrape`: a number on a page of metrics.
    case scrape(EndpointScrapeSettings)

    /// The value of `gate_type`.
    package var typeName: String {
        switch self {
        case .constant: "constant"
        case .redis: "redis"
        case .quota: "redis-quota"
        case .leasedRate: "redis-leased-rate"
        case .localConcurrency: "local-max-concurrency"
        case .all: "composite"
        case .waitOnRefuse: "wait-on-refuse"
        case .tierAdmission: "tier-priority-admission"
        case .query: "prometheus-query"
        case .saturation: "prometheus-saturation"
        case .budget: "prometheus-budget"
        case .scrape: "endpoint-scrape"
        }
    }

    /// All types, in the order of the alphabet.
    package static let typeNames = [
        "composite", "constant", "endpoint-scrape", "local-max-concurrency", "prometheus-budget", "prometheus-query",
        "prometheus-saturation", "redis", "redis-leased-rate", "redis-quota", "tier-priority-admission",
        "wait-on-refuse",
    ]
}

/// `redis`.
package struct RedisBudgetSettings: Sendable, Hashable {
    /// `host:port`, or a URL.
    package var address: String
    package var key = "dispatch-gate-budget"

    package init(address: String) { self.address = address }
}

/// `redis-quota`.
package struct QuotaSettings: Sendable, Hashable {
    package enum Mode: String, Sendable, CaseIterable {
        /// So many in any window of time.
        case rate = "rate-limit"
        /// So many at once.
        case concurrency
        /// So many tokens of prompts and answers in a window, charged when they have been used.
        case tokens
    }

    /// What happens to a request over the quota.
    package enum Gating: String, Sendable, CaseIterable {
        /// It is refused.
        case blocking
        /// It goes on, as `overflow`.
        case classifying
    }

    /// `host:port`, or a URL.
    package var address: String
    /// At least 1.
    package var limit: Int
    /// Key of the request's metadata; each value has a quota of its own.
    package var attribute = "userid"
    package var mode = Mode.rate
    /// More than zero unless the mode is `concurrency`; then it is how long a counter outlives its last use.
    package var window = Duration.seconds(60)
    package var prefix = "quota:"
    package var gating = Gating.blocking

    package init(address: String, limit: Int) {
        self.address = address
        self.limit = limit
    }
}

/// `redis-leased-rate`.
package struct LeasedRateSettings: Sendable, Hashable {
    /// `host:port`, or a URL.
    package var address: String
    /// Of the hash that the controller writes.
    package var controlKey: String
    /// Of the bucket that all processes share.
    package var stateKey: String
    /// The pool that the controller must have meant.
    package var poolID: String
    /// How many seconds of unused rate the bucket keeps; finite, more than zero.
    package var burst = 1.0

    package init(address: String, controlKey: String, poolID: String) {
        self.address = address
        self.controlKey = controlKey
        self.poolID = poolID
        stateKey = "\(controlKey):state"
    }
}

/// `local-max-concurrency`.
package struct LocalConcurrencySettings: Sendable, Hashable {
    /// At least 1.
    package var limit: Int
    /// Kept for those who show settings: a request over the limit waits where it is, in both.
    package var gating = QuotaSettings.Gating.classifying

    package init(limit: Int) { self.limit = limit }
}

/// `prometheus-query`.
package struct PrometheusQuerySettings: Sendable, Hashable {
    package var query: String
    /// The budget without a sample, 0 to 1.
    package var fallback = 0.0
    /// For labels only.
    package var pool = ""

    package init(query: String) { self.query = query }
}

/// `prometheus-saturation`.
package struct PrometheusSaturationSettings: Sendable, Hashable {
    package var pool: String
    package var namespace = ""
    /// The saturation from which on nothing starts, 0 to 1.
    package var threshold = 0.8
    /// The saturation without a sample, 0 to 1: 0 is open.
    package var fallback = 0.0

    package init(pool: String) { self.pool = pool }
}

/// `prometheus-budget`.
package struct PrometheusBudgetSettings: Sendable, Hashable {
    package var pool: String
    package var namespace = ""
    /// Requests of one pod; more than zero.
    package var maxConcurrency = 100.0
    /// The free part that is left to others, 0 to less than 1.
    package var baseline = 0.05
    /// The budget without a sample, 0 to 1.
    package var fallback = 0.0

    package init(pool: String) { self.pool = pool }
}

/// `endpoint-scrape`.
package struct EndpointScrapeSettings: Sendable, Hashable {
    package enum ValueType: String, Sendable, CaseIterable {
        case saturation, budget
    }

    package enum Admission: String, Sendable, CaseIterable {
        /// In proportion to what is free.
        case budget
        /// As many starts for each reading as places were free in it.
        case counted
    }

    package var url: String
    package var metric: String
    /// What the sample's labels must be.
    package var labels: [String: String] = [:]
    /// Requests of one pod; 0: the number is a part already.
    package var maxCountPerPod = 0.0
    package var baseline = 0.0
    /// The budget without a sample, 0 to 1.
    package var fallback = 0.0
    /// Where the number of pods stands; `nil`: there is one.
    package var pods: Pods?
    package var valueType = ValueType.saturation
    /// The metric's value while its page lacks it; `nil`: there is no sample then.
    package var absentValue: Double?
    package var admission = Admission.budget

    package init(url: String, metric: String) {
        self.url = url
        self.metric = metric
    }

    package struct Pods: Sendable, Hashable {
        package var url: String
        package var metric: String
        package var labels: [String: String] = [:]

        package init(url: String, metric: String) {
            self.url = url
            self.metric = metric
        }
    }
}
