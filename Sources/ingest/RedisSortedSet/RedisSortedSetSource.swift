package import Logging
package import Messages
package import Queue
package import Redis
import RedisSortedSet

/// A sorted set as a queue: `redis-sortedset`'s request side.
///
/// Two connections on two threads: one waits for requests and claims them, the other renews and releases, so that
/// neither holds up the other.
package final class RedisSortedSetSource: AliasedSource, BacklogSource, CountingSource {
    private let reader: RedisSortedSetReader
    private let renewer: RedisSortedSetRenewer
    private let shared: RedisSortedSetState

    /// - Parameters:
    ///   - logger: for warnings about server settings that are unsafe for the queue.
    ///   - scripts: the standard ones, except in tests.
    package init(
        url: RedisURL, queue: QueueSettings, settings: RedisSortedSetSettings = RedisSortedSetSettings(),
        logger: Logger,
        scripts: RedisSortedSetScripts = .standard
    ) {
        let keys = RedisSortedSetKeys(queue: queue.name, retrySet: queue.retryQueue)
        let shared = RedisSortedSetState(settings)
        self.shared = shared
        reader = RedisSortedSetReader(
            url: url, keys: keys, settings: settings, script: scripts.claim, shared: shared, logger: logger)
        renewer = RedisSortedSetRenewer(url: url, keys: keys, lease: settings.lease, scripts: scripts, shared: shared)
    }

    package func connect() async throws(QueueError) { try await reader.connect() }

    package func lease(limit: Int) async throws(QueueError) -> [Delivery] {
        let wakeUp = WakeUp()
        let result = await withTaskCancellationHandler {
            await Self.caught { () async throws(QueueError) in try await reader.lease(limit: limit, wakeUp: wakeUp) }
        } onCancel: {
            wakeUp.signal()
        }
        return try result.get()
    }

    package func renew(_ receipts: [Receipt]) async throws(QueueError) -> [Receipt] {
        try await renewer.renew(receipts)
    }

    package func identity() async throws(QueueError) -> StoreAnswer { try await renewer.identity() }

    package func requestNames() async -> [String] { await renewer.servedNames() }

    package func backlog() async -> Backlog { await renewer.backlog() }

    package var counters: [SourceCounter] { [.takeovers { [shared] in shared.takeovers }] }

    package func release(_ receipts: [Receipt]) async throws(QueueError) { try await renewer.release(receipts) }

    /// Asks the server if no call has for a while.
    package func health() async -> QueueHealth {
        if shared.isOld { do { try await renewer.check() } catch {} }
        return shared.health
    }

    /// Handlers for cancellation do not pass typed errors on.
    private static func caught(
        _ body: () async throws(QueueError) -> [Delivery]
    ) async -> Result<[Delivery], QueueError> {
        do throws(QueueError) { return .success(try await body()) } catch { return .failure(error) }
    }
}
