import GateRules
import Queue
import Redis

/// One Redis server that gates ask, on a thread of its own.
///
/// While it is away, whoever asks is told so at once, but for one in half a second who tries.
actor GateRedis {
    private nonisolated let thread = QueueThread(name: "gates-redis")
    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    nonisolated let url: RedisURL
    private let client: RedisClient
    private var failure: (error: RedisError, at: ContinuousClock.Instant)?
    private static let pause = Duration.milliseconds(500)

    init(_ url: RedisURL, timeout: Duration) {
        self.url = url
        client = RedisClient(url, timeouts: RedisTimeouts(connect: timeout, command: timeout))
    }

    /// An error reply is a reply.
    func run(_ calls: [RedisCall]) throws(RedisError) -> [RedisReply] {
        try attempt { (client) throws(RedisError) in try client.run(calls) }
    }

    /// An error reply is a reply.
    func send(_ commands: [RedisCommand]) throws(RedisError) -> [RedisReply] {
        try attempt { (client) throws(RedisError) in try client.send(commands) }
    }

    private func attempt(
        _ body: (RedisClient) throws(RedisError) -> [RedisReply]
    ) throws(RedisError) -> [RedisReply] {
        if let failure, .now - failure.at < Self.pause { throw failure.error }
        do throws(RedisError) {
            let replies = try body(client)
            failure = nil
            return replies
        } catch {
            failure = (error, .now)
            throw error
        }
    }

    /// The budget that stands at a key.
    func budget(at key: String) -> GateReading {
        do throws(RedisError) {
            let reply = try send([RedisCommand("GET", key)])[0]
            if let reason = reply.error { return .missing(reason: "GET \(key) on \(url): \(reason)", budget: 0) }
            guard let text = reply.text else { return .missing(reason: "\(url) has no key \(key)", budget: 1) }
            guard let number = Double(text), number.isFinite else {
                return .missing(reason: "\(key) on \(url) is \"\(text.prefix(100))\", no number", budget: 1)
            }
            return .value(min(1, max(0, number)), from: key)
        } catch {
            return .missing(reason: "\(error)", budget: 0)
        }
    }

    /// The lease of a rate, as of now; none where starts could not be taken from it, for want of a right or a proper key.
    func lease(_ settings: LeasedRateSettings) -> LeasedRate {
        var command = RedisCommand("HMGET", settings.controlKey)
        for field in LeasedRate.fields { command.append(field) }
        do throws(RedisError) {
            let replies = try send([command, RedisCommand("TIME")])
            if let reason = replies[0].error ?? replies[1].error {
                return .invalid(reason: "HMGET \(settings.controlKey) on \(url): \(reason)")
            }
            let seconds = replies[1].array?.first?.integer ?? 0
            let micros = replies[1].array?.last?.integer ?? 0
            let values = replies[0].array?.map(\.text) ?? []
            let lease = LeasedRate(values, pool: settings.poolID, now: seconds * 1000 + micros / 1000)
            guard case .valid = lease else { return lease }
            if let reason = try run([GateScripts.take(settings, tokens: 0)])[0].error {
                return .invalid(reason: "\(settings.stateKey) on \(url): \(reason)")
            }
            return lease
        } catch {
            return .invalid(reason: "\(error)")
        }
    }
}
