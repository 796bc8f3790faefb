import Foundation
import Logging
import Queue
import Redis
import Synchronization

/// The thread of a source: listens to the channel, claims, and checks the retry set.
final class RedisPubSubReader: Sendable {
    private let url: RedisURL
    private let queue: QueueSettings
    private let settings: RedisPubSubSettings
    private let waiters: LeaseWaiters
    private let logger: Logger
    private let isStarted = Atomic(false)

    init(url: RedisURL, queue: QueueSettings, settings: RedisPubSubSettings, waiters: LeaseWaiters, logger: Logger) {
        self.logger = logger
        self.url = url
        self.queue = queue
        self.settings = settings
        self.waiters = waiters
    }

    /// Starts the thread, once; it ends when the waiters are closed.
    func start() {
        guard !isStarted.exchange(true, ordering: .relaxed) else { return }
        let (url, queue, settings, waiters, logger) = (url, queue, settings, waiters, logger)
        let thread = Thread {
            var loop = IntakeLoop(url: url, queue: queue, settings: settings, waiters: waiters, logger: logger)
            while !waiters.isClosed { loop.turn() }
            loop.leave()
            waiters.ended()
        }
        thread.name = "redis-\(queue.name)"
        thread.start()
    }

    /// Ends the thread, if there is one, and returns when it has put back the messages that it had received.
    func stop() async {
        waiters.close()
        if isStarted.load(ordering: .relaxed) { await waiters.awaitEnd() }
    }
}
