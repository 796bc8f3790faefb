import Foundation
import GooglePubSub
import GooglePubSubSink
import GooglePubSubSource
import HTTP
import Logging
import Loop
import Messages
import Queue
import Synchronization
import TestServers
import Testing

/// One emulator for all tests of this process: it takes seconds to start, and topics keep them apart.
enum SharedEmulator {
    private static let process = Atomic<pid_t>(0)
    private static let start = Task {
        let emulator = try await GooglePubSubEmulator()
        process.store(emulator.processIdentifier ?? 0, ordering: .relaxed)
        // It is never released: it ends when this process does.
        atexit {
            let process = SharedEmulator.process.load(ordering: .relaxed)
            if process > 0 { kill(process, SIGKILL) }
        }
        return emulator
    }

    static func get() async throws -> GooglePubSubEmulator { try await start.value }
}

/// A topic for requests with a subscription, and one for results, of one test alone.
struct Lab: Sendable {
    static let project = "lab"

    let emulator: GooglePubSubEmulator
    let proxy: CuttingProxy
    let requests: String
    let results: String
    let letters: String

    /// - Parameter change: of the subscription, which has all that the user guide asks for.
    init(_ change: (inout GooglePubSubSubscription) -> Void = { _ in }) async throws {
        emulator = try await SharedEmulator.get()
        proxy = try CuttingProxy(to: emulator.port)
        let mark = UUID().uuidString.prefix(8)
        (requests, results, letters) = ("requests-\(mark)", "results-\(mark)", "letters-\(mark)")
        let session = emulator.connect()
        for name in [requests, results, letters] { try session.createTopic(name) }
        var subscription = GooglePubSubSubscription(topic: requests)
        subscription.ackDeadline = 10
        subscription.isExactlyOnce = true
        subscription.deadLetter = .init(topic: letters, after: 20)
        change(&subscription)
        try session.createSubscription(requests, subscription)
        for name in [results, letters] { try session.createSubscription(name, GooglePubSubSubscription(topic: name)) }
    }

    var subscription: String { ResourceName.full(requests, .subscriptions, project: Self.project) }

    /// A client whose connections go through the proxy.
    @PipelineActor
    func client() throws -> GooglePubSubClient {
        try GooglePubSubClient(environment: ["PUBSUB_EMULATOR_HOST": "127.0.0.1:\(proxy.port)"], connections: 16)
    }

    @PipelineActor
    func source() throws -> GooglePubSubSource {
        GooglePubSubSource(subscription: subscription, client: try client(), logger: .silent)
    }

    @PipelineActor
    func sink(orderingKey: String = "", maxParked: Int = 1000) throws -> GooglePubSubSink {
        GooglePubSubSink(
            client: try client(), project: Self.project, defaultTopic: results, orderingKey: orderingKey,
            maxParked: maxParked)
    }

    func publish(_ texts: String..., attributes: [String: String] = [:]) throws {
        try emulator.connect().publish(texts.map { GooglePubSubMessage($0, attributes: attributes) }, to: requests)
    }

    /// Waits until a topic's subscription has had `count` messages.
    func take(_ count: Int, from subscription: String, within limit: Duration = .seconds(15)) async throws
        -> [GooglePubSubDelivery]
    {
        let session = emulator.connect()
        let end = ContinuousClock.now + limit
        var all: [GooglePubSubDelivery] = []
        while all.count < count, ContinuousClock.now < end {
            let some = try session.pull(subscription)
            try session.acknowledge(some.map(\.ackID), of: subscription)
            all += some
            if some.isEmpty { try await Task.sleep(for: .milliseconds(10)) }
        }
        try #require(all.count == count, "\(all.count) of \(count) messages from \(subscription)")
        return all
    }
}

extension RequestSource {
    /// Leases until `count` requests have come; a test's time limit ends it otherwise.
    func take(_ count: Int) async throws -> [Delivery] {
        var all: [Delivery] = []
        while all.count < count { all += try await lease(limit: count - all.count) }
        return all
    }

    /// What comes within `time`.
    func lease(within time: Duration) async throws -> [Delivery] {
        let waiting = Task { try await lease(limit: 10) }
        let timer = Task {
            try await Task.sleep(for: time)
            waiting.cancel()
        }
        defer { timer.cancel() }
        return try await waiting.value
    }
}

extension Delivery {
    var text: String { String(decoding: bytes, as: UTF8.self) }

    func settlement(_ action: Settlement.Action, statusCode: Int? = 200, to topic: String = "") -> Settlement {
        Settlement(
            receipt: receipt, queue: "requests", destination: topic, id: text, statusCode: statusCode, action: action)
    }

    var result: Settlement { settlement(.result(Bytes("result of \(text)".utf8))) }
}

extension Logger {
    /// Says nothing.
    static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
}
