import GateRules
import Gates
import Intake
import Logging
import Messages
import PipelineMetrics
import Queue
import Settings
import Stage

@main
struct IngestMain {
    static func main() async {
        TerminationSignals.listen()
        let settings = IngestSettings.parseOrExit(check: Sources.check)
        await runStage(settings.stage, described: settings.describe()) { stage in
            let queues = settings.server.queues
            let sources = try queues.map { try Sources.make($0, settings, logger: stage.logger) }
            for (queue, source) in zip(queues, sources) { show(source, of: queue, in: stage.registry) }
            let ingester = Ingester(
                queues: queues, dispatch: try stage.outgoing(to: .dispatch),
                preparation: Preparation(
                    limits: RequestLimits(maxPayloadBytes: settings.maxPayloadBytes),
                    maxDeliveries: settings.stage.maxDeliveries,
                    reserved: ReservedNames(settings.server.kind.descriptor.names ?? .channels, queues)),
                policy: settings.mergePolicy,
                maxInFlight: settings.maxInFlight == 0 ? nil : settings.maxInFlight,
                maxOpenBytes: settings.maxOpenBytes,
                metrics: { RequestMetrics(registry: stage.registry, queueID: $0.id, queueName: $0.name) },
                held: HeldMetrics(registry: stage.registry, places: [.leased, .link], queues: queues.map(\.name)),
                logger: stage.logger, tap: stage.links.tap)
            ingester.spans = stage.tracer.map(RequestSpans.init)
            do throws(GateSettingsError) {
                ingester.gates = try QueueGates(
                    queues,
                    options: GateOptions(
                        prometheusURL: settings.prometheusURL, cacheTime: settings.prometheusCacheTime),
                    registry: stage.registry, logger: stage.logger,
                    open: { [weak ingester] in ingester?.openCount(queue: $0) ?? 0 },
                    places: { [weak ingester] in ingester?.places ?? 0 },
                    changed: { [weak ingester] in ingester?.offerPermits() })
            } catch {
                throw SettingsError(error)
            }
            ingester.gates?.start()
            let readers = queues.indices.map { index in
                QueueReader(
                    queue: index, settings: queues[index], source: sources[index], ingester: ingester,
                    lease: settings.lease,
                    calls: QueueCalls(logger: stage.logger, metadata: ["queue": "\(queues[index].name)"]),
                    backlog: BacklogGauge(registry: stage.registry, queue: queues[index]),
                    leases: stage.registry.counter(
                        "async_processor_leases_total", help: "Requests leased, each time they are.",
                        labels: [("queue", queues[index].name)]))
            }
            return IngestWork(ingester: ingester, readers: readers)
        }
    }
}

extension IngestMain {
    /// Shows the counters that a source has in addition to the common ones.
    private static func show(_ source: any RequestSource, of queue: QueueSettings, in registry: MetricsRegistry) {
        for counter in (source as? any CountingSource)?.counters ?? [] {
            registry.counter(
                "async_processor_\(counter.name)_total", help: counter.help, labels: [("queue", queue.name)]
            ) { Double(counter.read()) }
        }
    }
}
