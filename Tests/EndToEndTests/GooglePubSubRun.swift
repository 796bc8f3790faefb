import Foundation
import GatewaySimulator
import Synchronization
import TestServers
import Testing

/// One run over Pub/Sub's emulator, with a subscription as the documentation recommends it, but for the retry policy.
struct GooglePubSubRun: Sendable {
    static let requests = "requests"
    static let results = "results"
    static let deadLetters = "dead-letters"

    let emulator: GooglePubSubEmulator
    let gateway: GatewaySimulator
    let pipeline: Pipeline
    let consumer: GooglePubSubConsumer

    /// Flags that name the queue.
    static func flags(gateway: String) -> [String] {
        [
            "--message-queue-impl", "gcp-pubsub", "--pubsub.project-id", "lab", "--pubsub.request-subscriber-id",
            requests, "--pubsub.result-topic-id", results, "--pubsub.inference-gateway", gateway,
        ]
    }

    /// Makes topics and subscriptions; the consumer's has the name of the results' topic.
    ///
    /// - Parameters:
    ///   - attempts: deliveries of a request before it goes to the dead-letter topic.
    ///   - backoff: of the retry policy; `nil` for none: with one the emulator forgets some of the deliveries whose
    ///     deadlines ran out, where there are several (measured: 10 of 20, for more than three minutes).
    static func prepare(_ emulator: GooglePubSubEmulator, attempts: Int, backoff: ClosedRange<Double>?) throws {
        let session = emulator.connect(limit: .seconds(30))
        for topic in [requests, results, deadLetters] { try session.createTopic(topic) }
        var subscription = GooglePubSubSubscription(topic: requests)
        subscription.ackDeadline = 10
        subscription.isExactlyOnce = true
        subscription.backoff = backoff
        subscription.deadLetter = .init(topic: deadLetters, after: attempts)
        try session.createSubscription(requests, subscription)
        for topic in [results, deadLetters] {
            try session.createSubscription(topic, GooglePubSubSubscription(topic: topic))
        }
    }

    /// - Returns: the number that Pub/Sub gave to each message.
    @discardableResult
    func publish(_ messages: [GooglePubSubMessage]) throws -> [String] {
        let session = emulator.connect(limit: .seconds(30))
        return try stride(from: 0, to: messages.count, by: 500).flatMap { start in
            try session.publish(Array(messages[start..<min(messages.count, start + 500)]), to: Self.requests)
        }
    }

    @discardableResult
    func publish(_ ids: [String]) throws -> [String] { try publish(ids.map { GooglePubSubMessage(request($0)) }) }

    /// Waits until so many requests have a result, or so many results without an id have come.
    func waitForAnswers(_ count: Int, within limit: Duration = .seconds(90)) async throws {
        try await eventually("\(count) answers, there are \(consumer.answers)", within: limit) {
            try consumer.take(from: emulator)
            return consumer.answers >= count ? true : nil
        }
    }
}

/// Who reads the results' subscription.
final class GooglePubSubConsumer: Sendable {
    /// A result with what stands beside it.
    struct Result: Sendable {
        let body: RedisSortedSetRun.Result
        let attributes: [String: String]
        /// Which request it answers: its id, or its message's number where it has none.
        var request: String { body.id.isEmpty ? "message \(attributes["pubsub-id"] ?? "?")" : body.id }
    }

    private struct State {
        var results: [Result] = []
        var numbers: Set<String> = []
    }

    private let state = Mutex(State())

    /// Takes what is there; a message that is delivered again is no other result.
    func take(from emulator: GooglePubSubEmulator) throws {
        let session = emulator.connect(limit: .seconds(30))
        while case let deliveries = try session.pull(GooglePubSubRun.results), !deliveries.isEmpty {
            let results = try deliveries.map { delivery in
                let body = try JSONDecoder().decode(RedisSortedSetRun.Result.self, from: Data(delivery.message.data))
                return (delivery.messageID, Result(body: body, attributes: delivery.message.attributes))
            }
            state.withLock { state in
                for (number, result) in results where state.numbers.insert(number).inserted {
                    state.results.append(result)
                }
            }
            try session.acknowledge(deliveries.map(\.ackID), of: GooglePubSubRun.results)
        }
    }

    /// Results by the request they answer, in the order in which they came.
    var results: [String: [Result]] { state.withLock { Dictionary(grouping: $0.results, by: \.request) } }

    /// Requests that have a result.
    var answers: Int { results.count }

    /// Requests that have more than one.
    var repeated: Set<String> { Set(results.filter { $0.value.count > 1 }.keys) }
}

/// Starts a gateway and the stages over a new emulator.
func withPubSubRun(
    script: (@Sendable (GatewayRequest) -> GatewayAnswer?)? = nil, latency: Latency = .fixed(.zero),
    dispatches: Int = 1, ingests: Int = 1, emits: Int = 1, attempts: Int = 100, backoff: ClosedRange<Double>? = nil,
    flags: [String] = quickRetries, own: [String: [String]] = [:], _ body: (GooglePubSubRun) async throws -> Void
) async throws {
    let emulator = try await GooglePubSubEmulator()
    try GooglePubSubRun.prepare(emulator, attempts: attempts, backoff: backoff)
    try await withGateway(GatewaySettings(latency: latency, script: script)) { gateway in
        let pipeline = try Pipeline(
            queue: GooglePubSubRun.flags(gateway: gateway.completions), dispatches: dispatches, ingests: ingests,
            emits: emits, flags: flags, own: own, environment: ["PUBSUB_EMULATOR_HOST": emulator.address])
        try await withPipeline(pipeline) { pipeline in
            try await pipeline.waitUntilStarted()
            try await body(
                GooglePubSubRun(
                    emulator: emulator, gateway: gateway, pipeline: pipeline, consumer: GooglePubSubConsumer()))
        }
    }
    emulator.kill()
}
