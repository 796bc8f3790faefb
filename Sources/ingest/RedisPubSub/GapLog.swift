import Logging
import Redis

/// Logs interruptions of a subscription: at once, and at most once a minute however often they happen.
struct GapLog {
    private static let pause = Duration.seconds(60)

    var hearing = Hearing()
    private let logger: Logger
    private let queue: String
    private var nextLine = ContinuousClock.now
    /// Gaps that are not logged yet.
    private var untold = 0
    private var isUnmarked = false

    init(queue: String, logger: Logger) {
        self.queue = queue
        self.logger = logger
    }

    /// A subscription has begun (again); see `Hearing.began`.
    mutating func began(
        _ server: Hearing.Server, _ subscriber: RedisSubscriber, now: ContinuousClock.Instant
    ) -> Hearing.Gap? {
        note(subscriber.markRefusal)
        guard let gap = hearing.began(server, listeners: subscriber.listeners, now: now) else { return nil }
        untold += 1
        guard now >= nextLine else { return gap }
        nextLine = now + Self.pause
        logger.warning(
            "The channel was not heard: what was published meanwhile is lost, and nobody knows how much that is",
            metadata: metadata(gap))
        untold = 0
        return gap
    }

    private func metadata(_ gap: Hearing.Gap) -> Logger.Metadata {
        var metadata: Logger.Metadata = [
            "queue": "\(queue)", "seconds": "\(Double(gap.duration.milliseconds) / 1000)",
            "cause": "\(gap.cause.rawValue)", "error": "\(gap.reason)", "gaps": "\(untold)",
        ]
        if gap.others > 0 { metadata["heard_by_other_ingest"] = "\(gap.others)" }
        guard gap.cause.isOverflow else { return metadata }
        metadata["limit"] = "\(gap.limit ?? "not known")"
        metadata["remedy"] = "CONFIG SET client-output-buffer-limit \"pubsub 512mb 256mb 60\", also in redis.conf"
        return metadata
    }

    /// Logs once that duplicates cannot be detected when several ingest processes receive the same messages.
    private mutating func note(_ refusal: RedisError?) {
        defer { isUnmarked = refusal != nil }
        guard let refusal, !isUnmarked else { return }
        logger.warning(
            "Several ingest processes on this channel would each take every message: marks are refused",
            metadata: [
                "queue": "\(queue)", "error": "\(refusal)",
                "remedy": "allow MULTI, EXEC, and SUBSCRIBE and PUBLISH on the channel named in the error",
            ])
    }
}
