import Processes
import Synchronization
import TestServers

/// `gcp-pubsub` for one measurement: topics of its own, with a subscription as the documentation recommends it.
///
/// A subscription is not used again after an `ingest` has been killed: the pull it waited in goes on in the emulator, and
/// takes messages to nobody.
struct GooglePubSubLoad: Sendable {
    let emulator: GooglePubSubEmulator
    /// Name of the requests' topic, and of its subscription.
    let requests: String
    /// Name of the results' topic, and of its subscription.
    let results: String

    /// - Parameter name: unlike those of others on this emulator.
    init(_ emulator: GooglePubSubEmulator, _ name: String) throws {
        self.emulator = emulator
        requests = "requests-\(name)"
        results = "results-\(name)"
        let deadLetters = "dead-letters-\(name)"
        let session = emulator.connect(limit: .seconds(30))
        for topic in [requests, results, deadLetters] { try session.createTopic(topic) }
        var subscription = GooglePubSubSubscription(topic: requests)
        subscription.isExactlyOnce = true
        subscription.backoff = 1...60
        subscription.deadLetter = .init(topic: deadLetters, after: 100)
        try session.createSubscription(requests, subscription)
        try session.createSubscription(results, GooglePubSubSubscription(topic: results))
    }

    func flags(gateway: String) -> [String] {
        [
            "--message-queue-impl", "gcp-pubsub", "--pubsub.project-id", "lab", "--pubsub.request-subscriber-id",
            requests, "--pubsub.result-topic-id", results, "--pubsub.inference-gateway", gateway,
        ]
    }

    var environment: [String: String] { ["PUBSUB_EMULATOR_HOST": emulator.address] }

    /// Puts requests into the subscription.
    func put(_ numbers: Range<Int>, _ text: RequestText) throws {
        let session = emulator.connect(limit: .seconds(30))
        for start in stride(from: numbers.lowerBound, to: numbers.upperBound, by: 500) {
            let batch = start..<min(numbers.upperBound, start + 500)
            try session.publish(batch.map { GooglePubSubMessage(text.document($0)) }, to: requests)
        }
    }

    /// Lets a consumer take results while `body` runs.
    ///
    /// - Parameter body: is given how many there have been.
    func consuming<Value>(_ body: (@escaping @Sendable () -> Int) async throws -> Value) async throws -> Value {
        let consumer = GooglePubSubConsumer(self)
        // Two connections: one alone would take less than the emulator gives.
        async let first: Void = onThread { try consumer.run() }
        async let second: Void = onThread { try consumer.run() }
        do {
            let value = try await body { consumer.count.load(ordering: .relaxed) }
            consumer.isStopped.store(true, ordering: .relaxed)
            try await first
            try await second
            return value
        } catch {
            consumer.isStopped.store(true, ordering: .relaxed)
            // If a consumer has failed, that is why there are too few results.
            try await first
            try await second
            throw error
        }
    }
}

/// Pulls results, acknowledges and counts them.
private final class GooglePubSubConsumer: Sendable {
    let count = Atomic(0)
    let isStopped = Atomic(false)
    private let load: GooglePubSubLoad

    init(_ load: GooglePubSubLoad) { self.load = load }

    /// Blocks its thread until it is stopped.
    func run() throws {
        let session = load.emulator.connect(limit: .seconds(30))
        while !isStopped.load(ordering: .relaxed) {
            let deliveries = try session.pull(load.results)
            try session.acknowledge(deliveries.map(\.ackID), of: load.results)
            count.wrappingAdd(deliveries.count, ordering: .relaxed)
            // As few calls as the bare client needs: what they cost the emulator is missing elsewhere.
            if deliveries.count < 50 { Monotonic.sleep(milliseconds: 15) }
        }
    }
}
