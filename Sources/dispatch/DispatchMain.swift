import Attempts
import GateRules
import Gates
import HTTP
import Logging
import Loop
import Messages
import PipelineMetrics
import Pools
import Settings
import Stage

@main
struct DispatchMain {
    static func main() async {
        TerminationSignals.listen()
        let settings = DispatchSettings.parseOrExit()
        await runStage(settings.stage, described: settings.describe()) { stage in
            let gateways = GatewayWatch(
                isRequired: settings.requiresGateway, logger: stage.logger, registry: stage.registry)
            let token = try gatewayToken(settings, stage)
            token?.onChange = { [weak gateways] in gateways?.tokenChanged() }
            let attempter = try attempter(settings, stage, token)
            let incoming = try stage.incoming()
            let emit = try stage.outgoing(to: .emit)
            let retry = try stage.outgoing(to: .retry)
            let own = try settings.namedPools()
            let pools = PoolWatch(
                Pools(PoolLimits(settings), named: settings.limits(of: own)), logger: stage.logger,
                registry: stage.registry)
            do throws(GateSettingsError) {
                try pools.openGates(
                    own,
                    options: GateOptions(
                        prometheusURL: settings.prometheusURL, cacheTime: settings.prometheusCacheTime))
            } catch {
                throw SettingsError(error)
            }
            return Dispatcher(
                incoming: incoming, emit: emit, retry: retry, attempter: attempter,
                concurrency: settings.concurrency, maxUnackedBytes: settings.stage.maxUnackedBytes,
                gateways: gateways, pools: pools, counter: AttemptCounter(registry: stage.registry),
                logger: stage.logger)
        }
    }

    /// - Throws: `SettingsError` for files that cannot be used and a concurrency that does not fit.
    @PipelineActor
    private static func attempter(
        _ settings: DispatchSettings, _ stage: Stage, _ token: GatewayToken?
    ) throws -> Attempter {
        do {
            try raiseDescriptorLimit(needed: settings.concurrency + 100)
            let client = try HTTPClient(HTTPClientOptions(settings))
            client.onSurplus = { [logger = stage.logger] url in
                logger.warning(
                    "A gateway sent what nobody had asked for: for ten minutes each of its requests gets a connection of its own",
                    metadata: ["url": "\(url)"])
            }
            return Attempter(
                client: client,
                options: AttemptOptions(
                    concurrency: settings.concurrency, requestTimeout: settings.requestTimeout,
                    maxResponseBytes: settings.maxResponseBytes, authFailures: settings.authFailures,
                    asksForEngineLoad: settings.asksForEngineLoad),
                token: token, spans: stage.tracer.map(AttemptSpans.init))
        } catch let error as DescriptorLimitError {
            throw SettingsError("--concurrency", "\(error)")
        } catch let error as HTTPError {
            throw SettingsError("--tls-ca-cert, --tls-cert, --tls-key", "\(error)")
        }
    }
}

/// - Throws: `SettingsError` for a file without a token.
@PipelineActor
private func gatewayToken(_ settings: DispatchSettings, _ stage: Stage) throws -> GatewayToken? {
    guard let path = settings.gatewayTokenFile else { return nil }
    do throws(GatewayTokenError) {
        return try GatewayToken(path: path) { reason in
            stage.logger.warning("The gateway token stays as it was", metadata: ["error": "\(reason)"])
        }
    } catch {
        throw SettingsError("--gateway-token-file", "\(error)")
    }
}

extension DispatchSettings {
    /// Pools with settings of their own: those of a gateway under the name by which dispatch knows it, the others under the
    /// name that queues give them.
    ///
    /// - Throws: `SettingsError` for two of one name.
    fileprivate func namedPools() throws(SettingsError) -> [PoolSettings] {
        var named: [PoolSettings] = []
        for var pool in pools {
            if pool.id.contains("://") {
                guard let origin = Origin(pool.id)?.text else {
                    throw SettingsError(
                        "--pool-config-file",
                        "pool \(pool.id): expected the address of a gateway, such as http://gpu:8000, or the worker pool of a queue"
                    )
                }
                pool.id = origin
            }
            guard !named.contains(where: { ExactText($0.id) == ExactText(pool.id) }) else {
                throw SettingsError("--pool-config-file", "pool \(pool.id): expected each once")
            }
            named.append(pool)
        }
        return named
    }

    fileprivate func limits(of pools: [PoolSettings]) -> [String: PoolLimits] {
        Dictionary(
            pools.map { pool in
                var limits = PoolLimits(self)
                limits.concurrency = min(limits.concurrency, pool.workers)
                return (pool.id, limits)
            }, uniquingKeysWith: { first, _ in first })
    }
}

extension PoolLimits {
    fileprivate init(_ settings: DispatchSettings) {
        self.init(
            isAdaptive: settings.isAdaptive, concurrency: settings.concurrency,
            target: settings.tokenLatencyTarget.map { $0 / .seconds(1) }, stretch: settings.slackStretch,
            urgentStretch: settings.urgentStretch)
    }
}

extension HTTPClientOptions {
    fileprivate init(_ settings: DispatchSettings) {
        self.init(
            maxIdleConnections: settings.concurrency, responseHeaders: AttemptOutcome.responseHeaders,
            proxy: HTTPProxy(setting: settings.proxy),
            tls: TLSOptions(
                caCertificateFile: settings.tlsCACertificate, certificateFile: settings.tlsCertificate,
                keyFile: settings.tlsKey, skipsVerification: settings.tlsSkipsVerification))
    }
}
