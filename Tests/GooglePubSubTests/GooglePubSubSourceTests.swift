import GooglePubSub
import Messages
import Queue
import TestServers
import Testing

@testable import GooglePubSubSource

@Suite(
    .timeLimit(.minutes(2)),
    .enabled(if: GooglePubSubEmulator.isInstalled, Comment(rawValue: GooglePubSubEmulator.hint)))
struct GooglePubSubSourceTests {
    @Test
    func handsOutAttributesBesideTheMessage() async throws {
        let lab = try await Lab()
        let source = try await lab.source()
        try await source.connect()
        try lab.publish("a", attributes: ["team": "red"])
        let delivery = try await source.take(1)[0]
        #expect(delivery.attributes == ["team": "red"])
        #expect(delivery.failedAttempts == 0)
    }

    @Test
    func takesTheLeaseTimeFromTheSubscription() async throws {
        let lab = try await Lab { $0.ackDeadline = 45 }
        let source = try await lab.source()
        try await source.connect()
        #expect(await source.leaseTime() == .seconds(45))
    }

    @Test
    func fillsItsRoomWithSeveralPulls() async throws {
        let lab = try await Lab()
        let source = try await lab.source()
        try await source.connect()
        let session = lab.emulator.connect()
        try session.publish((0..<1000).map { GooglePubSubMessage("request \($0)") }, to: lab.requests)
        let all = try await source.take(1000)
        #expect(Set(all.map(\.text)).count == 1000)
    }

    @Test
    func keepsWhatIsRenewedBeyondTheAckDeadline() async throws {
        let lab = try await Lab()
        let source = try await lab.source()
        let other = try await lab.source()
        try await source.connect()
        try await other.connect()
        try lab.publish("a")
        let delivery = try await source.take(1)[0]
        async let nothing = other.lease(within: .seconds(14))
        for _ in 0..<4 {
            try await Task.sleep(for: .seconds(3))
            #expect(try await source.renew([delivery.receipt]) == [])
        }
        #expect(try await nothing.isEmpty)
    }

    @Test
    func namesTheLeasesThatAreLost() async throws {
        let lab = try await Lab()
        let source = try await lab.source()
        try await source.connect()
        try lab.publish("a", "b", "c")
        let all = try await source.take(3)
        let session = lab.emulator.connect()
        let gone = try #require(GooglePubSubReceipt(all[1].receipt)).ackID
        try session.acknowledge([gone], of: lab.requests)
        #expect(try await source.renew(all.map(\.receipt) + [Receipt("x")]) == [Receipt("x"), all[1].receipt])
    }

    @Test
    func givesBackAtOnceWhatNobodyHasLeasedWhenItStops() async throws {
        let lab = try await Lab()
        let source = try await lab.source()
        try await source.connect()
        try lab.publish("a", "b", "c", "d")
        // Its pull brings more than was asked of it.
        let first = try await source.lease(limit: 4)
        let rest = 4 - first.count
        await source.stop()
        try await source.release(first.map(\.receipt))
        let next = try await lab.source()
        try await next.connect()
        let all = try await next.take(4)
        #expect(all.map(\.text).sorted() == ["a", "b", "c", "d"], "\(rest) were not leased")
        // Well before the ack deadline of ten seconds: counted, so that a slow machine does not fail it.
        #expect(all.allSatisfy { $0.failedAttempts <= 1 })
    }

    @Test
    func saysWhatIsMissingWhenThereIsNoSubscription() async throws {
        let lab = try await Lab()
        let client = try await lab.client()
        let source = await GooglePubSubSource(
            subscription: "projects/lab/subscriptions/none", client: client, logger: .silent)
        let error = try await #require(throws: QueueError.self) { try await source.connect() }
        #expect(error.description.hasPrefix("GET projects/lab/subscriptions/none: 404 NOT_FOUND"))
        #expect(error.reason.contains("docs/pubsub.md"))
        #expect(!error.isTransient)
        #expect(await source.health() == .unreachable(reason: error.description))
    }

    @Test
    func countsAttemptsByDeliveries() async throws {
        let lab = try await Lab()
        let source = try await lab.source()
        try await source.connect()
        try lab.publish("a")
        for attempt in 0..<3 {
            let delivery = try await source.take(1)[0]
            #expect(delivery.failedAttempts == attempt)
            try await source.release([delivery.receipt])
        }
    }
}
