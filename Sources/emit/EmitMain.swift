import GateRules
import Messages
import PipelineMetrics
import Queue
import Settings
import Stage

@main
struct EmitMain {
    static func main() async {
        TerminationSignals.listen()
        let settings = EmitSettings.parseOrExit(check: Sinks.check)
        await runStage(settings.stage, described: settings.describe()) { stage in
            let queues = settings.server.queues.map(\.name)
            let sink = try Sinks.make(settings.server, logger: stage.logger)
            let charges: TokenCharges
            do throws(GateSettingsError) {
                charges = try TokenCharges(settings.server.queues, registry: stage.registry, logger: stage.logger)
            } catch {
                throw SettingsError(error)
            }
            let emitter = Emitter(
                incoming: try stage.incoming(),
                settlements: Settlements(encoder: ResultEncoder(format: settings.resultPayload)),
                limits: EmitLimits(
                    maxUnackedBytes: settings.stage.maxUnackedBytes, maxResult: sink.maxResult),
                spacing: sink.spacing,
                deadLetters: DeadLetterCounter(
                    registry: stage.registry, queues: queues, logger: stage.logger),
                counter: SettlementCounter(registry: stage.registry, queues: queues),
                charges: charges, held: HeldMetrics(registry: stage.registry, places: [.settlement], queues: queues),
                latencies: LatencyMeter(registry: stage.registry), logger: stage.logger, tap: stage.links.tap)
            emitter.spans = stage.tracer.map(SettlementSpans.init)
            return EmitWork(
                emitter: emitter,
                loop: SettlingLoop(emitter: emitter, sink: sink, calls: QueueCalls(logger: stage.logger)))
        }
    }
}
