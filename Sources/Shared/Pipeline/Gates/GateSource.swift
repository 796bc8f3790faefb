import GateRules
import Loop

/// What several gates may read together: one question for one answer.
enum GateSource: Hashable {
    case redis(RedisBudgetSettings)
    case lease(LeasedRateSettings)
    /// The quotas of one server; what is read is whether it is there, and answers.
    case quotas(address: String)
    case query(PrometheusQuerySettings)
    case saturation(PrometheusSaturationSettings)
    case budget(PrometheusBudgetSettings)
    case scrape(EndpointScrapeSettings)

    /// `nil` for gates that read nothing.
    init?(_ settings: GateSettings) {
        switch settings {
        case .redis(let settings): self = .redis(settings)
        case .leasedRate(let settings): self = .lease(settings)
        case .quota(let settings): self = .quotas(address: settings.address)
        case .query(let settings): self = .query(settings)
        case .saturation(let settings): self = .saturation(settings)
        case .budget(let settings): self = .budget(settings)
        case .scrape(let settings): self = .scrape(settings)
        case .constant, .localConcurrency, .all, .waitOnRefuse, .tierAdmission: return nil
        }
    }

    /// The address of its Redis server; `nil` for sources elsewhere.
    var redisAddress: String? {
        switch self {
        case .redis(let settings): settings.address
        case .lease(let settings): settings.address
        case .quotas(let address): address
        case .query, .saturation, .budget, .scrape: nil
        }
    }
}

/// What a source brought.
enum GateNews: Sendable, Equatable {
    case reading(GateReading)
    case lease(LeasedRate)
    /// Why quotas cannot be asked, `nil` if they can; and what was refused of them.
    case quotas(problem: String?, refusals: QuotaRefusals)
}
