import Foundation
import GateRules
import Intake

extension IngestSettings {
    package init(_ launch: Launch<Ingest>) throws(SettingsError) {
        let flags = launch.flags
        let (server, warnings) = try QueueServerSettings.resolve(launch)
        var stage = try StageSettings(launch)
        let policy = try launch.mergePolicy(flags.ingest)
        stage.warnings += warnings + (policy?.warnings ?? [])
        self.init(
            stage: stage,
            server: server,
            mergePolicy: policy?.policy ?? flags.ingest.requestMergePolicy ?? .randomRobin,
            maxInFlight: flags.ingest.maxInFlight,
            maxOpenBytes: flags.ingest.maxOpenBytes,
            maxPayloadBytes: flags.ingest.maxPayloadBytes,
            lease: flags.ingest.leaseSeconds.duration,
            prometheusURL: flags.gates.prometheusURL,
            prometheusCacheTime: flags.gates.prometheusCacheTime
        )
    }
}

extension DispatchSettings {
    package init(_ launch: Launch<Dispatch>) throws(SettingsError) {
        let flags = launch.flags.dispatch
        self.init(
            stage: try StageSettings(launch),
            concurrency: flags.concurrency,
            requestTimeout: flags.requestTimeout.duration,
            maxResponseBytes: flags.maxResponseBytes,
            tlsCACertificate: try readable(flags.tlsCaCert, "--tls-ca-cert"),
            tlsCertificate: try readable(flags.tlsCert, "--tls-cert"),
            tlsKey: try readable(flags.tlsKey, "--tls-key"),
            tlsSkipsVerification: flags.tlsInsecureSkipVerify?.isOn ?? false,
            gatewayTokenFile: try readable(flags.gatewayTokenFile, "--gateway-token-file"),
            proxy: flags.gatewayProxy,
            authFailures: flags.authFailures,
            requiresGateway: flags.requireGateway?.isOn ?? false,
            isAdaptive: flags.slack?.isOn ?? true,
            tokenLatencyTarget: flags.tokenLatencyTarget?.duration,
            slackStretch: flags.slackStretch,
            urgentStretch: flags.urgentStretch,
            asksForEngineLoad: flags.engineLoadHeader?.isOn ?? false,
            pools: try launch.flags.gates.pools() ?? [],
            poolFile: launch.flags.gates.poolConfigFile,
            prometheusURL: launch.flags.gates.prometheusURL,
            prometheusCacheTime: launch.flags.gates.prometheusCacheTime
        )
        stage.warnings += pools.compactMap(\.warning).map { "--pool-config-file: \($0)" }
        for pool in pools where GatePlan(pool.gate).needsServer || !GatePlan(pool.gate).labels.isEmpty {
            throw SettingsError(
                "--pool-config-file",
                "pool \(pool.id): a gate that judges each request by its metadata (\(pool.gate.typeName)) stands at a queue, in --queues-config-file"
            )
        }
        if let urgentStretch, urgentStretch <= slackStretch {
            throw SettingsError("--urgent-stretch", "must be more than --slack-stretch, which is \(slackStretch)")
        }
        if tlsCertificate != nil, tlsKey == nil { throw SettingsError("--tls-cert", "needs --tls-key") }
        if tlsKey != nil, tlsCertificate == nil { throw SettingsError("--tls-key", "needs --tls-cert") }
    }
}

extension RetrySettings {
    package init(_ launch: Launch<Retry>) throws(SettingsError) {
        let flags = launch.flags.retry
        self.init(
            stage: try StageSettings(launch),
            backoff: flags.backoff,
            backoffBase: flags.backoffBase.duration,
            backoffMax: flags.backoffMax.duration,
            maxAttempts: flags.maxAttempts,
            retryAfterMax: flags.retryAfterMax.duration
        )
        if backoffMax < backoffBase { throw SettingsError("--backoff-max", "must not be less than --backoff-base") }
    }
}

extension EmitSettings {
    package init(_ launch: Launch<Emit>) throws(SettingsError) {
        let (server, warnings) = try QueueServerSettings.resolve(launch)
        var stage = try StageSettings(launch)
        stage.warnings += warnings
        self.init(stage: stage, server: server, resultPayload: launch.flags.emit.resultPayload)
    }
}

/// `path`, once it is clear that it can be read.
func readable(_ path: String?, _ flag: String) throws(SettingsError) -> String? {
    guard let path else { return nil }
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
        throw SettingsError(flag, "there is no file \(path)")
    }
    guard !isDirectory.boolValue, FileManager.default.isReadableFile(atPath: path) else {
        throw SettingsError(flag, "the file \(path) cannot be read")
    }
    return path
}

/// What is in the file that a flag names; `nil` without one.
func contents(of path: String?, _ flag: String) throws(SettingsError) -> (path: String, data: Data)? {
    guard let path = try readable(path, flag) else { return nil }
    guard let data = FileManager.default.contents(atPath: path) else {
        throw SettingsError(flag, "the file \(path) cannot be read")
    }
    return (path, data)
}
