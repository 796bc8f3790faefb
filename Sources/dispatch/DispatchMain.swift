import Attempts
import HTTP
import Logging
import Loop
import PipelineMetrics
import Settings
import Stage

@main
struct DispatchMain {
    static func main() async {
        TerminationSignals.listen()
        let settings = DispatchSettings.parseOrExit()
        await runStage(settings.stage, described: settings.describe()) { stage in
            let counter = AttemptCounter(metrics: RequestMetricsByQueue(registry: stage.registry))
            let attempter = try attempter(settings, stage, counter)
            let incoming = try stage.incoming()
            let emit = try stage.outgoing(to: .emit)
            let retry = try stage.outgoing(to: .retry)
            return Dispatcher(
                incoming: incoming, emit: emit, retry: retry, attempter: attempter,
                concurrency: settings.concurrency, maxUnackedBytes: settings.stage.maxUnackedBytes,
                counter: counter, logger: stage.logger)
        }
    }

    /// - Throws: `SettingsError` for files that cannot be used and a concurrency that does not fit.
    @PipelineActor
    private static func attempter(
        _ settings: DispatchSettings, _ stage: Stage, _ counter: AttemptCounter
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
                    maxResponseBytes: settings.maxResponseBytes),
                token: try settings.gatewayTokenFile.map { try gatewayToken($0, stage) },
                observe: { counter.count($0) })
        } catch let error as DescriptorLimitError {
            throw SettingsError("--concurrency", "\(error)")
        } catch let error as GatewayTokenError {
            throw SettingsError("--gateway-token-file", "\(error)")
        } catch let error as HTTPError {
            throw SettingsError("--tls-ca-cert, --tls-cert, --tls-key", "\(error)")
        }
    }
}

@PipelineActor
private func gatewayToken(_ path: String, _ stage: Stage) throws(GatewayTokenError) -> GatewayToken {
    try GatewayToken(path: path) { reason in
        stage.logger.warning("The gateway token stays as it was", metadata: ["error": "\(reason)"])
    }
}

extension HTTPClientOptions {
    fileprivate init(_ settings: DispatchSettings) {
        self.init(
            maxIdleConnections: settings.concurrency, responseHeaders: AttemptOutcome.responseHeaders,
            tls: TLSOptions(
                caCertificateFile: settings.tlsCACertificate, certificateFile: settings.tlsCertificate,
                keyFile: settings.tlsKey, skipsVerification: settings.tlsSkipsVerification))
    }
}
