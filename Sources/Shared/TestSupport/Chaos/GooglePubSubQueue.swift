import TestServers

/// `gcp-pubsub` on Google's emulator.
///
/// What it promises is less than others do: a request may be delivered again, and then has a second result. So it is after
/// an emit that died between publishing and acknowledging, and after any fault that lasts longer than a lease.
package struct GooglePubSubQueue: QueueUnderTest {
    private enum Name {
        static let requests = "requests"
        static let silentRequests = "silent-requests"
        static let results = "results"
        static let deadLetters = "dead-letters"
        static let requestSubscription = "requests-of-ingest"
        static let silentSubscription = "silent-requests-of-ingest"
        static let resultSubscription = "results-of-consumer"
    }

    private let emulator: GooglePubSubEmulator
    private let ackDeadline: Int
    private let books = GooglePubSubBooks()

    /// - Parameter ackDeadline: seconds that a request is leased for; Pub/Sub wants 10 to 600.
    package init(ackDeadline: Int) async throws {
        self.ackDeadline = ackDeadline
        emulator = try await GooglePubSubEmulator()
        let session = emulator.connect(limit: .seconds(30))
        for topic in [Name.requests, Name.silentRequests, Name.results, Name.deadLetters] {
            try session.createTopic(topic)
        }
        for (name, topic) in [
            (Name.requestSubscription, Name.requests), (Name.silentSubscription, Name.silentRequests),
        ] {
            var subscription = GooglePubSubSubscription(topic: topic)
            subscription.ackDeadline = ackDeadline
            subscription.isExactlyOnce = true
            // No retry policy: with one, the emulator forgets most of many deliveries whose deadline has run out, which
            // is what happens to those that a fault keeps from arriving. Measured with 0.8.20: of 1,000 messages that
            // were left to their deadlines twice, 883 did not come a third time; without a policy all do.
            // As many as it allows: a request that fails 20 times belongs to what is tried here.
            subscription.deadLetter = .init(topic: Name.deadLetters, after: 100)
            try session.createSubscription(name, subscription)
        }
        try session.createSubscription(Name.resultSubscription, GooglePubSubSubscription(topic: Name.results))
        try session.createSubscription(Name.deadLetters, GooglePubSubSubscription(topic: Name.deadLetters))
    }

    package var kind: String { "gcp-pubsub" }
    package var port: Int? { emulator.port }
    /// The emulator would forget everything: it is away while it stands still.
    package var server: (any ServerUnderTest)? { FrozenForAWhile(emulator: emulator) }
    package func end() { emulator.kill() }

    /// A lease that was extended just before a fault runs out so much later; then the time until somebody pulls.
    package var redelivery: Duration? { .seconds(ackDeadline + 15) }

    package func flags(port: Int?, gateway: String, silentGateway: String) -> [String] {
        [
            "--message-queue-impl", kind, "--pubsub.project-id", "lab",
            "--pubsub.request-subscriber-id", Name.requestSubscription, "--pubsub.inference-gateway", gateway,
            "--pubsub.request-subscriber-id.2", Name.silentSubscription, "--pubsub.inference-gateway.2", silentGateway,
            "--pubsub.result-topic-id", Name.results,
        ]
    }

    package func environment(port: Int?) -> [String: String] {
        ["PUBSUB_EMULATOR_HOST": "127.0.0.1:\(port ?? emulator.port)"]
    }

    package func calls(on road: Fault.Road) -> [String] {
        switch road {
        case .ingestToServer: [":pull", ":modifyAckDeadline"]
        case .emitToServer: [":publish", ":acknowledge"]
        case .stages, .toServer: [":pull", ":publish", ":acknowledge"]
        }
    }

    package func connect() throws -> any QueueSession {
        // Longer than any fault lasts: a call that is given up and made again may have an effect twice.
        Session(session: emulator.connect(limit: .seconds(60)), emulator: emulator, books: books)
    }

    private struct Session: QueueSession {
        let session: GooglePubSubSession
        let emulator: GooglePubSubEmulator
        let books: GooglePubSubBooks

        func publish(_ requests: [Publication], first: Int) throws {
            for (isSilent, topic) in [(false, Name.requests), (true, Name.silentRequests)] {
                let messages = requests.filter { $0.isSilent == isSilent }.map { GooglePubSubMessage($0.body) }
                guard !messages.isEmpty, !books.isPublished(first, to: topic) else { continue }
                try session.publish(messages, to: topic)
                books.published(first, to: topic)
            }
        }

        func results(from position: Int, limit: Int) throws -> [[UInt8]] {
            while books.results(from: position, limit: limit).count < limit {
                let deliveries = try session.pull(Name.resultSubscription)
                if deliveries.isEmpty { break }
                // Before they are acknowledged: what comes again because that failed is known by its number.
                books.consume(deliveries)
                try session.acknowledge(deliveries.map(\.ackID), of: Name.resultSubscription)
            }
            return books.results(from: position, limit: limit)
        }

        /// Requests that nobody holds; Pub/Sub does not say how many others there are.
        func leftovers() throws -> [String] {
            try [Name.requestSubscription, Name.silentSubscription].compactMap { name in
                let deliveries = try session.pull(name)
                try session.modifyAckDeadline(deliveries.map(\.ackID), of: name, seconds: 0)
                return deliveries.isEmpty ? nil : "\(name) (\(deliveries.count))"
            }
        }

        func measures() throws -> [String: Int] { ["process": Int(emulator.processIdentifier ?? 0)] }
    }
}

/// An emulator that stands still instead of ending.
private struct FrozenForAWhile: ServerUnderTest {
    let emulator: GooglePubSubEmulator

    func stop() { emulator.freeze() }
    func kill() { emulator.freeze() }
    func start() async throws { emulator.thaw() }
    func freeze() { emulator.freeze() }
    func thaw() { emulator.thaw() }
}
