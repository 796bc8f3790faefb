import Loop
import Messages
import Primitives

/// Runs a capacity model on the event loop: one timer, for whatever happens next.
@PipelineActor
final class CapacityEngine {
    /// What became of a request.
    enum Outcome {
        case answered(CapacityJob)
        /// The replicas are saturated, and its objective is one that may be refused.
        case refused
        /// It was held back for as long as is allowed.
        case expired
    }

    let settings: CapacitySettings
    private var model: CapacityModel
    private let report: (@Sendable (String) -> Void)?
    private let start = monotonicNanoseconds()
    private var handlers: [Int: (Outcome) -> Void] = [:]
    private var timer: (id: TimerID, due: Double)?

    /// - Parameter report: Takes lines of the report, on the pipeline thread; `nil` for writing none.
    init(_ settings: CapacitySettings, report: (@Sendable (String) -> Void)?) {
        self.settings = settings
        self.report = report
        model = CapacityModel(settings, reports: report != nil)
        arm()
    }

    var runningCount: Int { model.pool.runningCount }
    var waitingCount: Int { model.pool.waitingCount }

    /// Share of the places of all replicas that are taken.
    var usage: Double { Double(runningCount) / Double(settings.replicas * settings.maxRunning) }

    /// Runs a request of the given sizes; `done` is called once, unless it is cancelled first.
    ///
    /// - Parameter id: 1 or more, never used before.
    func submit(
        _ id: Int, isSheddable: Bool, promptTokens: Int, outputTokens: Int, done: @escaping (Outcome) -> Void
    ) {
        catchUp()
        let job = CapacityJob(
            id: id, isOnline: false, isSheddable: isSheddable, promptTokens: promptTokens, outputTokens: outputTokens,
            sent: now)
        guard model.submit(job) != .refused else { return done(.refused) }
        handlers[id] = done
        arm()
    }

    /// Its client has gone.
    func cancel(_ id: Int) {
        guard handlers.removeValue(forKey: id) != nil else { return }
        catchUp()
        model.cancel(id, at: now)
        arm()
    }

    /// The last line of the report: everything so far.
    func summary() -> String {
        catchUp()
        return model.books.summary(at: now)
    }

    /// What the replicas and their users are doing, as Prometheus text.
    func metrics() -> String {
        catchUp()
        return CapacityMetrics(model).text
    }

    /// How full the replica is that answered `job`, as vLLM says it when it is asked to.
    ///
    /// Source: vLLM's `orca_metrics.py`, pull request 24905.
    private func load(of job: CapacityJob) -> String {
        let replica = model.pool.replicas[job.replica]
        let usage = Double(replica.runningCount) / Double(settings.maxRunning)
        return "TEXT named_metrics.kv_cache_usage_perc=\(usage), "
            + "named_metrics.num_requests_waiting=\(Double(replica.waitingCount))"
    }

    /// What a gateway and a replica add to the answer of `request`.
    func headers(for job: CapacityJob, _ request: GatewayRequest) -> [HeaderField] {
        var headers: [HeaderField] = []
        if settings.hold != nil {
            headers.append(HeaderField("x-llm-d-flow-queue-duration-ms", "\(Int(job.held * 1000))"))
        }
        if request.header("endpoint-load-metrics-format")?.isSameWord("text") == true {
            headers.append(HeaderField("endpoint-load-metrics", load(of: job)))
        }
        return headers
    }

    func stop() {
        if let timer { EventLoop.shared.cancel(timer.id) }
        timer = nil
        handlers = [:]
    }

    /// Moves in `catchUp` only, so that a handler that submits sees the time of the model.
    private var now = 0.0

    private func catchUp() {
        now = max(now, Double(monotonicNanoseconds() - start) / 1e9)
        for event in model.advance(to: now) {
            switch event {
            case .ended(let job): handlers.removeValue(forKey: job.id)?(.answered(job))
            case .expired(let job): handlers.removeValue(forKey: job.id)?(.expired)
            }
        }
        for line in model.takeLines() { report?(line) }
    }

    private func arm() {
        guard let next = model.nextEvent, next < timer?.due ?? .infinity else { return }
        if let timer { EventLoop.shared.cancel(timer.id) }
        let id = EventLoop.shared.schedule(after: .seconds(max(0, next - now))) { [weak self] in
            guard let self else { return }
            timer = nil
            catchUp()
            arm()
        }
        timer = (id, next)
    }
}
