import Foundation
import HTTP
import Logging
import PipelineMetrics
import PipelineTracing
import ServiceLifecycle
import Settings
import Tracing

/// Makes what records and sends the spans of this process, if the environment names a collector for them.
///
/// What makes no sense there is logged. It costs spans at most.
func makeSpanExporter(
    _ settings: StageSettings, _ registry: MetricsRegistry, _ logger: Logger
) async -> SpanExporter? {
    let process = TracedProcess(
        stage: settings.stage.rawValue, pipeline: settings.pipeline, version: pipelineVersion,
        instance: UUID().uuidString.lowercased(), host: hostName)
    let environment = TracingEnvironment(ProcessInfo.processInfo.environment, of: process)
    for warning in environment.warnings {
        logger.warning("A setting looks wrong", metadata: ["setting": "\(warning)"])
    }
    guard let tracing = environment.settings else { return nil }
    do throws(HTTPError) {
        let exporter = try await SpanExporter(tracing, version: pipelineVersion, registry: registry, logger: logger)
        InstrumentationSystem.bootstrap(exporter.tracer)
        let said = tracing.describe().map { ($0.name, Logger.MetadataValue.string($0.value)) }
        logger.info("Spans are recorded", metadata: Dictionary(said) { $1 })
        return exporter
    } catch {
        logger.warning("No spans are recorded", metadata: ["error": "\(error)"])
        return nil
    }
}

/// Source: gethostname(2); no name server is asked.
private var hostName: String {
    var name = [CChar](repeating: 0, count: 256)
    guard gethostname(&name, name.count - 1) == 0 else { return "unknown" }
    return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
}

/// Sends spans; the last ones when everything else has ended.
struct SpanService: Service, CustomStringConvertible {
    let description = "spans"
    let exporter: SpanExporter

    /// A collector that is slow does not keep the process for longer.
    private static let patience = Duration.seconds(5)

    func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await exporter.run() }
            try? await gracefulShutdown()
            exporter.close()
            group.addTask { try? await Task.sleep(for: Self.patience) }
            await group.next()
            group.cancelAll()
        }
    }
}
