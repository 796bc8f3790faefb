/// How a gate turns readings into a budget.
package struct BudgetRule: Sendable, Equatable {
    /// What a budget is of.
    package enum Use: Sendable, Equatable {
        /// Of what is free: it was measured with our own requests in it.
        ///
        ///   - isFresh: whether each reading is a new measurement; otherwise it may be the one before once more.
        case free(isFresh: Bool)
        /// Of all there is: somebody ordered it.
        case all
        /// No part at all: the number of places that were free.
        case places
    }

    package var use: Use
    /// At this reading or less nothing starts.
    package var threshold: Double
    /// The budget without a reading.
    package var fallback: Double

    package init(_ use: Use, threshold: Double = 0, fallback: Double) {
        self.use = use
        self.threshold = threshold
        self.fallback = min(1, max(0, fallback))
    }

    /// The budget, 0 to 1.
    package func budget(of value: Double) -> Double {
        value <= threshold ? 0 : min(1, max(0, value - threshold))
    }
}

extension GateSettings {
    /// `nil` for gates that read nothing.
    package var budgetRule: BudgetRule? {
        switch self {
        case .redis: BudgetRule(.all, fallback: 0)
        case .query(let query): BudgetRule(.free(isFresh: false), fallback: query.fallback)
        case .saturation(let saturation):
            BudgetRule(
                .free(isFresh: false), threshold: 1 - saturation.threshold, fallback: 1 - saturation.fallback)
        case .budget(let budget):
            BudgetRule(.free(isFresh: false), threshold: budget.baseline, fallback: budget.fallback)
        case .scrape(let scrape) where scrape.admission == .counted: BudgetRule(.places, fallback: 0)
        case .scrape(let scrape):
            BudgetRule(.free(isFresh: true), threshold: scrape.baseline, fallback: scrape.fallback)
        default: nil
        }
    }

    /// The pool that its metric is about, as its settings call it.
    package var inferencePool: String {
        switch self {
        case .query(let query): query.pool
        case .saturation(let saturation): saturation.pool
        case .budget(let budget): budget.pool
        case .leasedRate(let leased): leased.poolID
        default: ""
        }
    }
}
