import Attempts
import Gateways
import Links
import Logging
import Loop
import Messages
import PipelineMetrics
import Primitives
import Stage
import Status

/// Watches the gateways: what `Gateways` decides is carried out here, logged, counted and shown.
///
/// Requests of a queue whose gateway is away wait, in dispatch as many as it has slots, the others where they are. One at a
/// time tries; when it gets through, all start.
@PipelineActor
final class GatewayWatch {
    /// A held lane may try again.
    var onProbe: @PipelineActor () -> Void = {}

    private var gateways = Gateways()
    private var log = ConditionLog()
    private let logger: Logger
    private let registry: MetricsRegistry
    /// Without any gateway that is well, the stage is not ready.
    private let isRequired: Bool
    private var up: [String: Gauge] = [:]
    /// Lanes whose gateways have a gauge.
    private var shown = 0

    init(isRequired: Bool, logger: Logger, registry: MetricsRegistry) {
        self.isRequired = isRequired
        self.logger = logger
        self.registry = registry
    }

    func lane(of envelope: Envelope) -> Int { gateways.lane(queue: envelope.queue, url: envelope.url) }
    func isHeld(_ lane: Int) -> Bool { gateways.isHeld(lane) }
    var areAllHeld: Bool { gateways.areAllHeld }
    func name(of lane: Int) -> String { gateways.name(of: lane) }
    func queue(of lane: Int) -> String { gateways.queue(of: lane) }
    func mayStart(_ lane: Int, at now: Duration) -> Bool { gateways.mayStart(lane, at: now) }

    func refusesToken(_ lane: Int) -> Bool { gateways.refusesToken(lane) }

    func started(_ lane: Int, ownToken: Bool, at now: Duration) -> Gateways.Attempt {
        gateways.started(lane, ownToken: ownToken, at: now)
    }

    func connected(_ attempt: Gateways.Attempt) { gateways.connected(attempt, at: EventLoop.shared.now) }

    func ended(_ attempt: Gateways.Attempt, _ observation: Attempter.Observation, _ envelope: Envelope) {
        let now = EventLoop.shared.now
        gateways.ended(attempt, observation, at: now, random: .random(in: 0..<1))
        if gateways.count > shown {
            shown = gateways.count
            showGateways(at: now)
        }
        if let next = gateways.nextProbe(attempt.lane), next > now {
            EventLoop.shared.schedule(after: next - now) { [weak self] in self?.onProbe() }
        }
        logger.debug(
            "An attempt is over",
            metadata: [
                "request.id": "\(envelope.id)", "queue": "\(envelope.queue)", "url": "\(redacted(envelope.url))",
                "class": "\(observation.attemptClass.rawValue)", "finding": "\(observation.finding)",
                "latency": "\(observation.latency)",
            ])
    }

    /// What is wrong with the gateway of a queue, in words; `nil` where nothing is.
    func trouble(of lane: Int) -> String? {
        let report = gateways.report(lane, at: EventLoop.shared.now)
        return report.words.isEmpty ? nil : "the gateway \(report.gateway): \(report.words)"
    }

    /// The token has changed: who was refused may ask again.
    func tokenChanged() {
        gateways.tokenChanged()
        onProbe()
    }

    // MARK: - What is said

    /// Once a second.
    ///
    /// - Parameters:
    ///   - now: on the event loop's clock.
    ///   - date: milliseconds since 1970.
    func survey(at now: Duration, date: Int64) {
        gateways.survey(at: now, date: date)
        let reports = gateways.reports(at: now)
        for report in log.news(in: reports, at: now) { say(report) }
        showGateways(at: now)
    }

    private func showGateways(at now: Duration) {
        for (name, isUp) in gateways.connections(at: now) {
            if let isUp {
                gauge(name).set(isUp ? 1 : 0)
            } else if up.removeValue(forKey: name) != nil {
                registry.remove(Self.gaugeName, labels: [("origin", name)])
            }
        }
    }

    private static let gaugeName = "async_processor_gateway_up"

    private func gauge(_ gateway: String) -> Gauge {
        if let gauge = up[gateway] { return gauge }
        let gauge = registry.gauge(
            Self.gaugeName, help: "1 while there are connections to the gateway, 0 otherwise.",
            labels: [("origin", gateway)])
        up[gateway] = gauge
        return gauge
    }

    private func say(_ report: Gateways.Report) {
        var metadata: Logger.Metadata = [
            "gateway": "\(report.gateway)", "queue": "\(report.queue)", "state": "\(report.condition.rawValue)",
        ]
        guard report.condition.isTrouble else {
            if report.condition == .reachable { logger.info("A gateway answers", metadata: metadata) }
            return
        }
        metadata["problem"] = "\(report.words)"
        switch report.condition {
        case .unreachable:
            logger.warning("A gateway cannot be reached; requests wait, and one at a time tries", metadata: metadata)
        case .unauthorised: logger.warning("A gateway refuses the credentials", metadata: metadata)
        case .silent: logger.warning("A gateway does not answer", metadata: metadata)
        case .wrongPath: logger.error("A gateway knows no such path or model", metadata: metadata)
        case .shedding: logger.notice("A gateway has no room; requests are tried again later", metadata: metadata)
        default: logger.warning("A gateway fails", metadata: metadata)
        }
    }

    /// All lanes that were used are in trouble.
    var areAllInTrouble: Bool {
        let reports = gateways.reports(at: EventLoop.shared.now).filter { $0.condition != .unknown && $0.isUsed }
        return !reports.isEmpty && reports.allSatisfy(\.condition.isTrouble)
    }

    /// For those who wait.
    func conditions(held: (Int) -> Int) -> [Condition] {
        gateways.reports(at: EventLoop.shared.now).filter { $0.condition.isTrouble && $0.isUsed }.prefix(Condition.most)
            .map {
                Condition(
                    subject: $0.gateway, queue: $0.queue, state: $0.condition.rawValue, since: $0.since, text: $0.words,
                    held: held($0.lane))
            }
    }

    func status(held: (Int) -> Int) -> [StatusReport.Gateway] {
        // A request without a URL goes to no gateway.
        gateways.reports(at: EventLoop.shared.now).filter { !$0.gateway.isEmpty }.map { report in
            StatusReport.Gateway(
                origin: report.gateway, queue: report.queue, state: report.condition.rawValue,
                since: report.since, reason: report.words, held: held(report.lane),
                attempts: Dictionary(uniqueKeysWithValues: report.attempts.map { ($0.rawValue, $1) }))
        }
    }

    var problems: [WiringProblem] {
        let isAway = isRequired && areAllInTrouble
        return conditions { _ in 0 }.map { WiringProblem(gateway: $0, isBlocking: isAway) }
    }
}
