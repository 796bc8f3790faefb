import Processes
import Redis
import Synchronization
import TestServers

/// Redis channels, before a gateway that answers at once.
///
/// A channel keeps nothing: requests are published while results come in, so many ahead of them.
package struct RedisPubSubCell: Cell {
    package let name = "redis-pubsub"
    package let summary = "queue `redis-pubsub`, instant gateway, 64 concurrent, at most \(Self.ahead) requests ahead"
    fileprivate static let ahead = 256
    let requests: Int

    package init(requests: Int = 30_000) { self.requests = requests }

    package func run(_ bench: Surroundings) async throws -> [Figure] {
        let nginx = try Nginx(folder: bench.folder)
        let redis = try await RedisServer()
        let count = bench.scaled(requests)
        let text = RequestText(size: 500, deadline: bench.deadline)
        let layout = PipelineLayout(queueFlags: [
            "--message-queue-impl", "redis-pubsub", "--redis.addr", "127.0.0.1:\(redis.port)",
            "--redis.inference-gateway", nginx.url,
        ])
        return try await bench.withStages(layout, gateway: nginx, server: redis.processIdentifier) { rig in
            let traffic = ChannelTraffic(redis.url)
            async let sent: Void = onThread { try traffic.run(count, text) }
            do {
                let rush = try watch(rig.measured, until: count) { traffic.results.load(ordering: .relaxed) }
                try await sent
                return rush.figures
            } catch {
                traffic.isStopped.store(true, ordering: .relaxed)
                throw error
            }
        }
    }
}

/// Publishes requests and hears results, on one thread.
private final class ChannelTraffic: Sendable {
    let results = Atomic(0)
    let isStopped = Atomic(false)
    private let url: RedisURL

    init(_ url: RedisURL) { self.url = url }

    func run(_ count: Int, _ text: RequestText) throws {
        let publisher = try RedisConnection(url)
        let subscriber = RedisSubscriber(url, channel: "result-queue")
        let wakeUp = WakeUp()
        try awaitListener(publisher)
        _ = try subscriber.wait(for: .zero, count: 1, wakeUp: wakeUp)
        var sent = 0
        var heard = 0
        while heard < count, !isStopped.load(ordering: .relaxed) {
            let next = min(count, heard + RedisPubSubCell.ahead)
            // Few at a time would cost the publisher a round trip for each.
            if next - sent >= min(64, count - sent), next > sent {
                _ = try publisher.send(
                    (sent..<next).map { RedisCommand("PUBLISH", "request-queue", text.document($0)) })
                sent = next
            }
            heard += try subscriber.wait(for: .milliseconds(100), count: 1000, wakeUp: wakeUp).count
            results.store(heard, ordering: .relaxed)
        }
    }

    private func awaitListener(_ connection: RedisConnection) throws {
        for _ in 0..<2000 {
            let reply = try connection.send(RedisCommand("PUBSUB", "NUMSUB", "request-queue"))
            if reply.array?.last?.integer ?? 0 > 0 { return }
            Monotonic.sleep(milliseconds: 5)
        }
        throw ProcessFailure("no ingest has subscribed")
    }
}
