import Loop
import PipelineMetrics
import Pools

/// Gauges and counters of pools, under their names.
@PipelineActor
struct PoolMetrics {
    private struct Meters {
        let limit, inFlight, cap, closed: Gauge
        var timesPerToken: [String: Gauge] = [:]
        var slowdown: Gauge?
        let limitedBy: [(Pool.LimitedBy, Gauge)]
        let cuts: [(Pool.CutReason, Counter)]
        let samples: [(AttemptEnd.Work.Source, Counter)]
        let promptTokens, completionTokens: Counter
        var shown = Counts()
    }

    /// Counts as they were shown last.
    private struct Counts {
        var cuts: [Pool.CutReason: Int] = [:]
        var samples: [AttemptEnd.Work.Source: Int] = [:]
        var promptTokens = 0
        var completionTokens = 0
    }

    private let registry: MetricsRegistry
    private let slots: Gauge
    private var meters: [String: Meters] = [:]
    /// Messages name pools, more or less.
    private static let most = 64

    init(registry: MetricsRegistry) {
        self.registry = registry
        slots = registry.gauge(
            "async_processor_slots", help: "Attempts at once that --concurrency and gates allow, over all pools.")
    }

    /// - Parameter slots: Over all pools.
    func show(slots: Int) { self.slots.set(slots) }

    mutating func show(_ pool: Pool, _ figures: Pool.Figures) {
        guard meters[pool.name] != nil || meters.count < Self.most else { return }
        var meters = meters[pool.name] ?? open(pool.name, workers: pool.most)
        meters.limit.set(figures.limit)
        meters.inFlight.set(figures.active)
        meters.cap.set(figures.cap)
        meters.closed.set(figures.closedFor)
        let times = [
            ("observed", figures.observed), ("target", figures.target), ("base", figures.base),
            ("quiet", figures.quiet),
        ]
        for case (let kind, let time?) in times {
            let gauge = meters.timesPerToken[kind] ?? timePerToken(pool.name, kind)
            meters.timesPerToken[kind] = gauge
            gauge.set(time)
        }
        if let slowdown = figures.slowdown {
            let gauge = meters.slowdown ?? slowdownGauge(pool.name)
            meters.slowdown = gauge
            gauge.set(slowdown)
        }
        for (reason, gauge) in meters.limitedBy { gauge.set(reason == figures.limitedBy ? 1 : 0) }
        count(pool, &meters)
        self.meters[pool.name] = meters
    }

    private func count(_ pool: Pool, _ meters: inout Meters) {
        for (reason, counter) in meters.cuts {
            counter.increment(by: pool.cuts[reason, default: 0] - meters.shown.cuts[reason, default: 0])
        }
        for (source, counter) in meters.samples {
            counter.increment(by: pool.samples[source, default: 0] - meters.shown.samples[source, default: 0])
        }
        meters.promptTokens.increment(by: pool.promptTokens - meters.shown.promptTokens)
        meters.completionTokens.increment(by: pool.completionTokens - meters.shown.completionTokens)
        meters.shown = Counts(
            cuts: pool.cuts, samples: pool.samples, promptTokens: pool.promptTokens,
            completionTokens: pool.completionTokens)
    }

    private func open(_ pool: String, workers: Int) -> Meters {
        registry.gauge(
            "llm_d_async_async_pool_worker_limit", help: "Requests at once that a pool's settings allow at most.",
            labels: [("pool_name", pool)]
        ).set(workers)
        func gauge(_ name: String, _ help: String) -> Gauge {
            registry.gauge("async_processor_pool_" + name, help: help, labels: [("pool", pool)])
        }
        func counter(_ name: String, _ help: String, _ label: String, _ value: String) -> Counter {
            registry.counter(
                "async_processor_pool_" + name, help: help, labels: [("pool", pool), (label, value)])
        }
        return Meters(
            limit: gauge("limit", "Attempts at once that the time per token allows."),
            inFlight: gauge("in_flight", "Attempts under way."),
            cap: gauge("cap", "Attempts at once that --concurrency and gates allow."),
            closed: gauge("closed_seconds", "Seconds until the pool is open again, as its gateway wants it; 0: it is."),
            limitedBy: Pool.LimitedBy.allCases.map { reason in
                let gauge = registry.gauge(
                    "async_processor_pool_limited_by", help: "1 for what keeps more attempts from a pool.",
                    labels: [("pool", pool), ("reason", reason.rawValue)])
                return (reason, gauge)
            },
            cuts: Pool.CutReason.allCases.map {
                ($0, counter("cuts_total", "How often a pool's limit was cut.", "reason", $0.rawValue))
            },
            samples: AttemptEnd.Work.Source.allCases.map {
                ($0, counter("samples_total", "Answers by what told their size.", "source", $0.rawValue))
            },
            promptTokens: counter("tokens_total", "Tokens that answers have counted.", "direction", "prompt"),
            completionTokens: counter("tokens_total", "Tokens that answers have counted.", "direction", "completion"))
    }

    private func timePerToken(_ pool: String, _ kind: String) -> Gauge {
        registry.gauge(
            "async_processor_pool_time_per_token_seconds", help: "Seconds per token.",
            labels: [("pool", pool), ("kind", kind)])
    }

    private func slowdownGauge(_ pool: String) -> Gauge {
        registry.gauge(
            "async_processor_pool_slowdown_ratio",
            help: "How many times longer a token takes than in the last quiet time.", labels: [("pool", pool)])
    }
}
