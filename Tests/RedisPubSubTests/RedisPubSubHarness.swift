import Foundation
import Logging
import Messages
import Queue
import QueueConformance
import Redis
import RedisPubSubSink
import RedisPubSubSource
import Synchronization
import TestServers
import Testing

/// `redis-pubsub` for the conformance suite: one redis-server that writes everything down before it answers.
final class RedisPubSubHarness: QueueHarness {
    /// Not `keepsUnclaimed`: what nobody hears is gone.
    ///
    /// The outage is survived by what was claimed or parked before.
    static let promises: QueuePromises = [
        .takesOverExpiredLeases, .parksUntilDue, .countsAttempts, .keepsDeadLetters, .settlesOnce, .survivesOutage,
        .keepsEqualMessages, .tellsParked,
    ]

    let server: RedisServer
    /// What sources and sinks connect to; opened again only when the listeners hear.
    private let proxy: CuttingProxy
    private let listeners = Mutex<[String: ChannelListener]>([:])

    init() async throws {
        server = try await RedisServer(appendOnly: true)
        proxy = try CuttingProxy(to: server.port)
    }

    func makeQueue() async throws -> String {
        let queue = "queue \(UUID().uuidString.prefix(8))"
        let listener = try await ChannelListener(server.url, channel: resultDestination(of: queue))
        listeners.withLock { $0[queue] = listener }
        return queue
    }

    func makeSource(queue: String, lease: Duration) async throws -> any RequestSource {
        let settings = RedisPubSubSettings(lease: lease, holdAfterGap: min(lease / 3, .milliseconds(200)))
        return RedisPubSubSource(url: proxy.url, queue: .channel(queue), settings: settings, logger: .quiet)
    }

    func makeSink() async throws -> any ResultSink { RedisPubSubSink(url: proxy.url) }

    func resultDestination(of queue: String) -> String { "results of \(queue)" }

    func publish(_ body: [UInt8], to queue: String) async throws {
        _ = try RedisConnection(server.url).send(RedisCommand("PUBLISH", queue, body))
    }

    func results(of queue: String) async throws -> [[UInt8]] { listeners.withLock { $0[queue]?.heard ?? [] } }

    func deadLetters(of queue: String) async throws -> [DeadLetter] {
        let command = RedisCommand("LRANGE", "\(queue):dead-letter", 0, -1)
        let documents = try RedisConnection(server.url).send(command).array ?? []
        return try documents.map { document in
            let json = try #require(
                JSONSerialization.jsonObject(with: Data(document.bytes ?? [])) as? [String: Any])
            let body = try #require(json["body"] as? String)
            let isBase64 = json["body_encoding"] as? String == "base64"
            let bytes = isBase64 ? try #require(Base64.decode(Bytes(body.utf8))) : Array(body.utf8)
            return DeadLetter(bytes: bytes, reason: json["reason"] as? String ?? "")
        }
    }

    func stopServer() async throws {
        proxy.close()
        server.stop()
    }

    func startServer() async throws {
        try await server.start()
        for listener in listeners.withLock({ Array($0.values) }) { try await listener.waitUntilSubscribed() }
        proxy.open()
    }
}

extension QueueSettings {
    static func channel(_ name: String) -> QueueSettings {
        QueueSettings(id: name, name: name, target: .url("http://localhost"))
    }
}

/// Keeps everything published on one channel.
final class ChannelListener: Sendable {
    private struct State {
        var heard: [[UInt8]] = []
        var isSubscribed = false
        var isClosed = false
    }

    private final class Box: Sendable {
        let state = Mutex(State())
    }

    private let box = Box()

    init(_ url: RedisURL, channel: String) async throws {
        let box = box
        Thread {
            let subscriber = RedisSubscriber(url, channel: channel)
            let wakeUp = WakeUp()
            while !box.state.withLock(\.isClosed) {
                var messages: [RedisMessage] = []
                do throws(RedisError) {
                    messages = try subscriber.wait(for: .milliseconds(20), count: 1000, wakeUp: wakeUp)
                } catch {}
                box.state.withLock {
                    $0.heard += messages.map(\.bytes)
                    $0.isSubscribed = subscriber.isSubscribed
                }
            }
        }.start()
        try await waitUntilSubscribed()
    }

    deinit { box.state.withLock { $0.isClosed = true } }

    var heard: [[UInt8]] { box.state.withLock(\.heard) }

    func waitUntilSubscribed() async throws {
        // One that has not noticed yet that the server was away says so within one wait.
        try await Task.sleep(for: .milliseconds(40))
        try await eventually("subscription") { box.state.withLock(\.isSubscribed) }
    }
}

/// Asks again and again until `condition` holds.
func eventually(_ what: String, within limit: Duration = .seconds(15), _ condition: () throws -> Bool) async throws {
    let end = ContinuousClock.now + limit
    while try !condition() {
        try #require(ContinuousClock.now < end, "no \(what) within \(limit)")
        try await Task.sleep(for: .milliseconds(5))
    }
}
