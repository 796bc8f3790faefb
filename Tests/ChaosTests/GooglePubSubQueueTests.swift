import TestServers
import Testing

@testable import Chaos

/// The fault matrix's own producer and consumer on the real emulator.
@Suite(.serialized, .enabled(if: GooglePubSubEmulator.isInstalled, "\(GooglePubSubEmulator.hint)"))
struct GooglePubSubQueueTests {
    private func withQueue(_ body: (GooglePubSubQueue, GooglePubSubSession, any QueueSession) async throws -> Void)
        async throws
    {
        let queue = try await GooglePubSubQueue(ackDeadline: 10)
        let port = try #require(queue.port)
        try await body(queue, GooglePubSubSession(port: port), try queue.connect())
        queue.end()
    }

    @Test(.timeLimit(.minutes(1)))
    func publishesABatchOnceHoweverOftenItIsWritten() async throws {
        try await withQueue { (queue, emulator, session) throws in
            let batch = [Publication(body: "a"), Publication(body: "b", isSilent: true), Publication(body: "c")]
            try session.publish(batch, first: 0)
            try queue.connect().publish(batch, first: 0)
            try session.publish([Publication(body: "d")], first: 3)
            let requests = try emulator.pull("requests-of-ingest")
            #expect(requests.map(\.message.text) == ["a", "c", "d"])
            #expect(requests.map(\.deliveryAttempt) == [1, 1, 1])
            #expect(try emulator.pull("silent-requests-of-ingest").map(\.message.text) == ["b"])
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func readsResultsInOrderAndForgetsWhatWasRead() async throws {
        try await withQueue { (queue, emulator, session) throws in
            let all = (0..<250).map { "\($0)" }
            try emulator.publish(all.map { GooglePubSubMessage($0) }, to: "results")
            func read(_ position: Int, _ limit: Int) throws -> [String] {
                try session.results(from: position, limit: limit).map { String(decoding: $0, as: UTF8.self) }
            }
            #expect(try Set(read(0, 500)) == Set(all))
            let first = try read(0, 3)
            #expect(try read(0, 3) == first)
            #expect(try read(3, 500).count == 247)
            #expect(try read(250, 500) == [])
            #expect(try emulator.pull("results-of-consumer") == [])
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func countsAResultThatIsDeliveredAgainOnce() async throws {
        try await withQueue { (queue, emulator, session) throws in
            try emulator.publish([GooglePubSubMessage("a")], to: "results")
            // A consumer whose acknowledgement was lost: Pub/Sub gives the same message again.
            let books = GooglePubSubBooks()
            for _ in 0..<2 {
                let deliveries = try emulator.pull("results-of-consumer")
                books.consume(deliveries)
                try emulator.modifyAckDeadline(deliveries.map(\.ackID), of: "results-of-consumer", seconds: 0)
            }
            #expect(books.results(from: 0, limit: 10) == [Array("a".utf8)])
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func findsRequestsThatNobodyHolds() async throws {
        try await withQueue { (queue, emulator, session) throws in
            #expect(try session.leftovers() == [])
            try session.publish([Publication(body: "a"), Publication(body: "b", isSilent: true)], first: 0)
            #expect(try session.leftovers() == ["requests-of-ingest (1)", "silent-requests-of-ingest (1)"])
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func keepsEverythingWhileTheServerIsAway() async throws {
        try await withQueue { (queue, emulator, session) throws in
            try session.publish([Publication(body: "a")], first: 0)
            let server = try #require(queue.server)
            for end in [server.stop, server.kill] {
                end()
                let impatient = GooglePubSubSession(port: try #require(queue.port), limit: .milliseconds(300))
                #expect(throws: GooglePubSubFailure.self) { try impatient.topics() }
                try await server.start()
            }
            #expect(try emulator.pull("requests-of-ingest").map(\.message.text) == ["a"])
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func tellsStagesWhereTheProxyIs() async throws {
        try await withQueue { (queue, _, _) throws in
            #expect(queue.environment(port: 4711) == ["PUBSUB_EMULATOR_HOST": "127.0.0.1:4711"])
            let flags = queue.flags(port: 4711, gateway: "http://a", silentGateway: "http://b")
            #expect(flags.contains("--pubsub.request-subscriber-id.2"))
            #expect(!flags.contains { $0.contains("4711") })
        }
    }
}
