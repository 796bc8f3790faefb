import Loop
import PipelineMetrics
import Synchronization

/// Whether a stage is alive: its thread turns, and its work moves.
final class Liveness: Sendable {
    /// Nothing has moved for so long before it is said.
    static let worthAWord = Duration.seconds(60)
    /// The pipeline thread turns at least once a second.
    private static let longestTurn = Duration.seconds(10)

    /// Nothing has moved for so long: it is not alive; `nil`: however long.
    private let limit: Duration?
    private let watch = Mutex(WorkWatch())
    private let gauge: Gauge

    init(stuckAfter limit: Duration?, registry: MetricsRegistry) {
        self.limit = limit
        gauge = registry.gauge(
            "async_processor_stuck_seconds",
            help: "Seconds for which nothing has moved although there is work and nothing known keeps it.")
    }

    /// To be called every few seconds.
    func look(_ look: WorkWatch.Look, at now: ContinuousClock.Instant) {
        let stuck = watch.withLock { watch in
            watch.look(look, at: now - Self.start)
            return watch.stuck(at: now - Self.start)
        }
        gauge.set(stuck / .seconds(1))
    }

    /// Why it is not alive; `nil` if it is.
    func failure(at now: ContinuousClock.Instant) -> String? {
        let age = EventLoop.lastTurn.age
        if age >= Self.longestTurn { return "the pipeline thread has not turned for \(age)" }
        guard let limit, let word = word(at: now, after: limit) else { return nil }
        return "\(word) (--stuck-after \(limit))"
    }

    /// For people; `nil` while there is nothing to say.
    func word(at now: ContinuousClock.Instant, after limit: Duration = worthAWord) -> String? {
        let stuck = watch.withLock { $0.stuck(at: now - Self.start) }
        guard stuck >= limit else { return nil }
        return "nothing has moved for \(Int(stuck / .seconds(1))) s, and nothing that is known keeps the requests"
    }

    private static let start = ContinuousClock.now
}
