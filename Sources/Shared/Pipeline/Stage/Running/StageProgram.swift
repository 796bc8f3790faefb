import CoreMetrics
import Foundation
import Logging
import Loop
import PipelineMetrics
import PipelineTracing
import ServiceLifecycle
package import Settings
import Status

/// Runs one stage from its settings to its exit status: 0 after a clean drain, 64 for settings that cannot work, 1 for
/// errors that a restart may fix.
///
/// Before, the program has called `TerminationSignals.listen`.
///
/// - Parameters:
///   - described: names and values of all settings, secrets hidden.
///   - makeWork: makes the work of the stage, after checking its settings: invalid ones are found before any socket is
///     bound. Its links take part in the event loop once it returns.
package func runStage(
    _ settings: StageSettings, described: [(name: String, value: String)],
    makeWork: @PipelineActor (Stage) async throws -> any StageWork
) async -> Never {
    settings.bootstrapLogging()
    let logger = Logger(label: settings.stage.rawValue)
    do {
        try await run(settings, described, logger, makeWork)
        logger.info("Stopped")
        leave(0)
    } catch {
        logger.critical("Cannot run", metadata: ["error": "\(error)"])
        let isWrongSetting = error is SettingsError || (error as? LinkError)?.isTransient == false
        leave(isWrongSetting ? 64 : 1)
    }
}

/// Ends the process once its last log lines are written, or no reader has taken them for a second.
private func leave(_ status: CInt) -> Never {
    LogWriter.flush(within: .seconds(1))
    exit(status)
}

private func run(
    _ settings: StageSettings, _ described: [(name: String, value: String)], _ logger: Logger,
    _ makeWork: @PipelineActor (Stage) async throws -> any StageWork
) async throws {
    Descriptors.raiseLimit()
    for warning in settings.warnings { logger.warning("A setting looks wrong", metadata: ["setting": "\(warning)"]) }
    let registry = MetricsRegistry()
    ProcessMetrics.register(in: registry)
    MetricsSystem.bootstrap(RegistryMetricsFactory(registry: registry))
    let links = try await StageLinks(registry: registry, logger: logger)
    if let tap = settings.tap {
        try await links.bindTap(
            "\(tap)", stage: settings.stage.rawValue, showsPayloads: settings.tapPayloads)
    }
    let exporter = await makeSpanExporter(settings, registry, logger)
    let work = try await makeWork(
        Stage(settings: settings, logger: logger, registry: registry, links: links, tracer: exporter?.tracer))
    await links.start()
    let status = StageStatus(
        stage: settings.stage.rawValue, version: pipelineVersion,
        settings: Dictionary((described + (exporter?.described ?? [])).map { ($0.name, $0.value) }) { $1 },
        links: links, work: work,
        stalls: StallMetrics(registry: registry),
        liveness: Liveness(stuckAfter: settings.stuckAfter, registry: registry), drain: Drain())
    logger.info("Started", metadata: ["version": "\(pipelineVersion)", "pid": "\(getpid())"])
    try await runServices(settings, status, registry, exporter, logger)
}

/// All services that run as long as the process; stopped in reverse order, so that the drain can be observed.
private func runServices(
    _ settings: StageSettings, _ status: StageStatus, _ registry: MetricsRegistry, _ exporter: SpanExporter?,
    _ logger: Logger
) async throws {
    var services: [any Service] = []
    if settings.metricsPort != 0 {
        services.append(
            try StatusServer(
                host: settings.metricsHost, port: UInt16(settings.metricsPort), registry: registry, provider: status,
                logger: logger))
    }
    if let exporter { services.append(SpanService(exporter: exporter)) }
    services.append(
        GaugeService(status: status, descriptorLimit: Descriptors.raiseLimit(), logger: logger))
    services.append(AddressService(links: status.links))
    services.append(
        WorkService(
            work: status.work, links: status.links, drain: status.drain, drainTimeout: settings.drainTimeout,
            logger: logger))
    var quiet = logger
    quiet.logLevel = max(.warning, logger.logLevel)
    let configurations = services.map {
        ServiceGroupConfiguration.ServiceConfiguration(
            service: $0, successTerminationBehavior: .gracefullyShutdownGroup)
    }
    let group = ServiceGroup(configuration: ServiceGroupConfiguration(services: configurations, logger: quiet))
    try await withSignals(logger) {
        await group.triggerGracefulShutdown()
    } during: {
        try await group.run()
    }
}
