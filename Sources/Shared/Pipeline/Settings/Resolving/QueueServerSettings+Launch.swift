import Foundation
import GateRules
import Queue

extension QueueServerSettings {
    /// - Returns: the settings, and what was found odd but goes.
    static func resolve<Kind: StageKind>(
        _ launch: Launch<Kind>
    ) throws(SettingsError) -> (settings: QueueServerSettings, warnings: [String]) {
        let flags = launch.flags
        let kind = flags.queues.messageQueueImpl
        let server = kind.descriptor.server
        let file = try file(launch, server)
        let defaults = server.defaults(flags)
        let retryQueue = file?.retryQueue ?? defaults.retryQueue ?? "retry-sortedset"
        let resultQueue = file?.resultQueue ?? defaults.resultQueue ?? kind.descriptor.resultQueue
        let redis = try redisServer(launch, file)
        var settings = QueueServerSettings(
            kind: kind,
            redis: redis.url,
            redisSource: redis.source,
            deduplicates: flags.redis.deduplicate?.isOn ?? true,
            sqlitePath: flags.sqlite.path,
            pubsubProject: file?.project ?? flags.pubsub.projectID ?? "",
            pubsubResultTopic: server == .googlePubSub ? resultQueue : "",
            pubsubOrderingKey: flags.pubsub.resultOrderingKey ?? "",
            queues: [],
            retryQueue: retryQueue,
            resultDestination: resultQueue
        )
        try settings.checkGoogle()
        try settings.checkSQLite()
        // Emit is told everything about a queue with each request; on Pub/Sub it need not know a single subscription.
        if Kind.name == .ingest || server != .googlePubSub {
            settings.queues = try queues(launch, server, file, retryQueue, resultQueue)
        }
        return (settings, file?.warnings ?? [])
    }

    private static func queues<Kind: StageKind>(
        _ launch: Launch<Kind>, _ server: QueueServer, _ file: QueuesFile?, _ retryQueue: String,
        _ resultQueue: String
    ) throws(SettingsError) -> [QueueSettings] {
        let kind = launch.flags.queues.messageQueueImpl
        let drafts: [QueueDraft]
        if let file {
            let defaults = server.defaults(launch.flags)
            drafts = file.queues.map { $0.completed(by: defaults) }
        } else {
            drafts = try server.drafts(launch, defaultName: kind.descriptor.requestQueue)
        }
        // A file must say where requests go, unless a flag says it for all of its queues.
        let gateway = file == nil && !server.flags.requiresGateway ? defaultGateway : nil
        var queues: [(subject: String, settings: QueueSettings)] = []
        for var draft in drafts {
            draft.retryQueue = file == nil ? draft.retryQueue : retryQueue
            let settings = try draft.settings(resultDefault: resultQueue, gatewayDefault: gateway)
            queues.append((draft.subject, settings))
        }
        try checkUnique(queues)
        try checkPurposes(queues, kind)
        return queues.map(\.settings)
    }

    private static func file<Kind: StageKind>(
        _ launch: Launch<Kind>, _ server: QueueServer
    ) throws(SettingsError) -> QueuesFile? {
        let flag = "--queues-config-file"
        guard let (path, data) = try contents(of: launch.flags.queues.queuesConfigFile, flag) else { return nil }
        if let extra = launch.indexed.keys.first(where: { $0.flag.hasPrefix(server.flags.prefix) }) {
            throw SettingsError(extra.text, "\(flag) names the queues already")
        }
        if server.defaults(launch.flags).name != nil {
            throw SettingsError("--\(server.flags.name)", "\(flag) names the queues already")
        }
        // Ingest alone asks gates.
        let hasPrometheus = Kind.name != .ingest || launch.flags.gates.prometheusURL != nil
        return try QueuesFile(
            data, for: server, name: "\(flag): \(path)",
            gates: GateReader(
                hasPrometheus: hasPrometheus, poolID: server.defaults(launch.flags).pool ?? ""))
    }

    /// The flag, its variable, the file, `REDIS_URL`, and last `--redis.addr`.
    private static func redisServer<Kind: StageKind>(
        _ launch: Launch<Kind>, _ file: QueuesFile?
    ) throws(SettingsError) -> (url: Secret, source: String) {
        let flags = launch.flags.redis
        let common = launch.environment["REDIS_URL"].flatMap { $0.isEmpty ? nil : $0 }
        let choices = [
            ("--redis.url", flags.url?.value), ("\(file?.name ?? ""): url", file?.url), ("REDIS_URL", common),
        ]
        for case (let subject, let url?) in choices where !url.isEmpty {
            try checkRedisURL(url, subject)
            return (Secret(url), subject)
        }
        return (Secret(flags.addr), "--redis.addr")
    }

    /// Says what is wrong without repeating the URL.
    private static func checkRedisURL(_ url: String, _ subject: String) throws(SettingsError) {
        let scheme = url.firstRange(of: "://").map { url[..<$0.lowerBound].lowercased() }
        switch scheme {
        case "redis", "unix": return
        case "rediss": throw SettingsError(subject, "rediss:// (TLS) is not supported; expected redis:// or unix://")
        default: throw SettingsError(subject, "expected redis://… or unix://…")
        }
    }

    /// A file that does not exist yet is made, but its folder is not.
    private func checkSQLite() throws(SettingsError) {
        guard kind.descriptor.server == .sqlite else { return }
        let flag = "--sqlite.path"
        if sqlitePath.hasPrefix("file:") || sqlitePath == ":memory:" {
            throw SettingsError(flag, "expected the path of a file; '\(sqlitePath)' means something else to SQLite")
        }
        let file = URL(filePath: sqlitePath)
        if file.hasDirectoryPath || isFolder(sqlitePath) { throw SettingsError(flag, "\(sqlitePath) is a folder") }
        let folder = file.deletingLastPathComponent().path
        if !isFolder(folder) { throw SettingsError(flag, "there is no folder \(folder)") }
        if isSomethingElse(sqlitePath) { throw SettingsError(flag, "\(sqlitePath) is no SQLite database") }
    }

    /// Whether there is something that SQLite did not write; a file that cannot be read may be readable later.
    ///
    /// Source: sqlite.org/fileformat.html, section 1.3.
    private func isSomethingElse(_ path: String) -> Bool {
        var status = stat()
        guard stat(path, &status) == 0 else { return false }
        guard status.st_mode & S_IFMT == S_IFREG else { return true }
        guard let file = FileHandle(forReadingAtPath: path), let head = try? file.read(upToCount: 16) else {
            return false
        }
        return !head.isEmpty && head != Data("SQLite format 3\0".utf8)
    }

    private func isFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    }

    private func checkGoogle() throws(SettingsError) {
        guard kind.descriptor.server == .googlePubSub else { return }
        if pubsubProject.isEmpty { throw SettingsError("--pubsub.project-id", "is missing") }
        if pubsubResultTopic.isEmpty { throw SettingsError("--pubsub.result-topic-id", "is missing") }
    }
}
