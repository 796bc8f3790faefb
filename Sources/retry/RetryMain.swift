import PipelineMetrics
import RetryPolicy
import Settings
import Stage

@main
struct RetryMain {
    static func main() async {
        TerminationSignals.listen()
        let settings = RetrySettings.parseOrExit()
        await runStage(settings.stage, described: settings.describe()) { stage in
            let incoming = try stage.incoming()
            let emit = try stage.outgoing(to: .emit)
            return Retrier(
                incoming: incoming, emit: emit, policy: RetryPolicy(settings),
                maxUnackedBytes: settings.stage.maxUnackedBytes,
                metrics: RequestMetricsByQueue(registry: stage.registry),
                held: HeldMetrics(registry: stage.registry, places: [.outcome]),
                spans: stage.tracer.map(BackOffSpans.init), logger: stage.logger)
        }
    }
}

extension RetryPolicy {
    fileprivate init(_ settings: RetrySettings) {
        self.init(
            backoff: settings.backoff, base: settings.backoffBase / .seconds(1),
            maximum: settings.backoffMax / .seconds(1), maxAttempts: settings.maxAttempts,
            maxRetryAfter: settings.retryAfterMax / .seconds(1))
    }
}
