import Foundation
import Messages
import Queue
import QueueConformance
import Synchronization
import TestServers
import Testing

@Suite(
    .timeLimit(.minutes(2)),
    .enabled(if: GooglePubSubEmulator.isInstalled, Comment(rawValue: GooglePubSubEmulator.hint)))
struct GooglePubSubConformanceTests {
    @Test(arguments: ConformanceCase.all(for: GooglePubSubHarness.promises))
    func conforms(_ conformance: ConformanceCase) async throws {
        try await conformance.run(GooglePubSubHarness())
    }
}

/// `gcp-pubsub` for the conformance suite.
///
/// It promises less than queues of our own: Pub/Sub delivers at least once, counts ack deadlines in whole seconds, and
/// keeps what cannot be dealt with in a topic of its own. The tests beside this say what it does instead.
private final class GooglePubSubHarness: QueueHarness {
    static let promises: QueuePromises = [.keepsUnclaimed, .countsAttempts, .survivesOutage, .keepsEqualMessages]

    private let labs = Mutex<[String: Lab]>([:])
    private let seen = Mutex<[String: [[UInt8]]]>([:])

    func makeQueue() async throws -> String {
        let lab = try await Lab()
        labs.withLock { $0[lab.requests] = lab }
        return lab.requests
    }

    private func lab(_ queue: String) throws -> Lab { try #require(labs.withLock { $0[queue] }) }

    func makeSource(queue: String, lease: Duration) async throws -> any RequestSource {
        try await lab(queue).source()
    }

    func makeSink() async throws -> any ResultSink {
        try await #require(labs.withLock { $0.values.first }).sink()
    }

    func resultDestination(of queue: String) -> String { labs.withLock { $0[queue]?.results ?? "" } }

    func publish(_ body: [UInt8], to queue: String) async throws {
        let lab = try lab(queue)
        try lab.emulator.connect().publish([GooglePubSubMessage(body)], to: lab.requests)
    }

    func results(of queue: String) async throws -> [[UInt8]] {
        let lab = try lab(queue)
        let session = lab.emulator.connect()
        let new = try session.pull(lab.results)
        try session.acknowledge(new.map(\.ackID), of: lab.results)
        return seen.withLock { seen in
            seen[queue, default: []] += new.map(\.message.data)
            return seen[queue] ?? []
        }
    }

    func deadLetters(of queue: String) async throws -> [DeadLetter] { [] }

    func stopServer() async throws { labs.withLock { $0.values.forEach { $0.proxy.close() } } }

    func startServer() async throws { labs.withLock { $0.values.forEach { $0.proxy.open() } } }
}
