import Messages
import PubSub
import Queue
import Testing

@testable import PubSubSink

/// What the sink does when the server says no, on a stand-in: the emulator never does.
@Suite(.timeLimit(.minutes(1)))
struct PubSubSinkFailureTests {
    private static let subscription = "projects/p/subscriptions/s"

    private func settlement(
        _ id: String, _ action: Settlement.Action = .result(Bytes("{}".utf8)), to topic: String = ""
    ) -> Settlement {
        let receipt = PubSubReceipt(
            subscription: Self.subscription, messageID: "m-\(id)", ackDeadline: 60, ackID: "ack-\(id)")
        return Settlement(
            receipt: receipt.receipt, queue: "s", destination: topic, id: id, statusCode: 200, action: action)
    }

    private func sink(_ standIn: StandIn) async throws -> PubSubSink {
        try await PubSubSink(client: standIn.client(), project: "p", defaultTopic: "results")
    }

    /// What is asked first: whether results may be published.
    private static let rights = #"{"permissions":["pubsub.topics.publish"]}"#

    private static func no(_ status: Int, _ details: String = "[]") -> StandIn.Answer {
        (status, #"{"error":{"code":\#(status),"status":"NO","message":"no","details":\#(details)}}"#)
    }

    private func isDelayed(_ status: SettlementStatus) -> Bool { if case .delayed = status { true } else { false } }

    private func isRefused(_ status: SettlementStatus) -> Bool { if case .refused = status { true } else { false } }

    private func publishes(_ standIn: StandIn) -> Int { standIn.requests.count { $0.path.hasSuffix(":publish") } }

    @Test(arguments: [403, 404, 429, 500, 503])
    func keepsResultsUntilTheirTopicTakesThem(_ status: Int) async throws {
        try await StandIn.with { calls in
            calls.count { $0.path.hasSuffix(":publish") } == 1 && calls.last?.path.hasSuffix(":publish") == true
                ? Self.no(status) : (200, Self.rights)
        } _: { standIn in
            let sink = try await sink(standIn)
            try await sink.connect()
            let first = try await sink.settle([settlement("a"), settlement("b")])
            #expect(first.allSatisfy(isDelayed))
            guard case .unreachable(let reason) = await sink.health() else {
                Issue.record("ready")
                return
            }
            #expect(reason.contains("POST projects/p/topics/results:publish: \(status)"))
            #expect(try await sink.settle([settlement("a"), settlement("b")]) == [.settled, .settled])
            #expect(await sink.health() == .reachable)
        }
    }

    @Test
    func goesOnWithOtherTopicsWhenOneIsMissingAndAnotherHasTooMuchToDo() async throws {
        try await StandIn.with { calls in
            let path = calls.last?.path ?? ""
            return path.contains("missing") ? Self.no(404) : path.contains("busy") ? Self.no(429) : (200, Self.rights)
        } _: { standIn in
            let sink = try await sink(standIn)
            try await sink.connect()
            let batch = [settlement("a", to: "missing"), settlement("b", to: "busy"), settlement("c")]
            let statuses = try await sink.settle(batch)
            #expect(isRefused(statuses[0]))
            #expect(isDelayed(statuses[1]))
            #expect(statuses[2] == .settled)
            #expect(await sink.health() == .reachable)
        }
    }

    @Test
    func refusesOnlyTheOneThatTheServerDoesNotLike() async throws {
        try await StandIn.with { calls in
            let call = calls.last
            return call?.path.hasSuffix(":publish") == true && call?.body.contains("\"bad\"") == true
                ? Self.no(400) : (200, "{}")
        } _: { standIn in
            let sink = try await sink(standIn)
            try await sink.connect()
            let statuses = try await sink.settle(["a", "b", "bad", "c", "d"].map { settlement($0) })
            #expect(isRefused(statuses[2]))
            #expect([0, 1, 3, 4].allSatisfy { statuses[$0] == .settled })
            let published = standIn.requests.filter { $0.path.hasSuffix(":publish") && !$0.body.contains("\"bad\"") }
            for id in ["a", "b", "c", "d"] { #expect(published.count { $0.body.contains("\"id\":\"\(id)\"") } == 1) }
        }
    }

    @Test(arguments: [
        (403, "[]"), (400, #"[{"metadata":{"ack-a":"TRANSIENT_FAILURE_SERVICE_UNAVAILABLE"}}]"#),
    ])
    func publishesOnceHoweverLongItMayNotAcknowledge(_ status: Int, _ details: String) async throws {
        try await StandIn.with { calls in
            let acknowledgements = calls.count { $0.path.hasSuffix(":acknowledge") }
            let isOne = calls.last?.path.hasSuffix(":acknowledge") == true
            return isOne && acknowledgements <= 8 ? Self.no(status, details) : (200, "{}")
        } _: { standIn in
            let sink = try await sink(standIn)
            try await sink.connect()
            var statuses = try await sink.settle([settlement("a")])
            #expect(isDelayed(statuses[0]))
            var tries = 1
            while isDelayed(statuses[0]), tries < 20 {
                statuses = try await sink.settle([settlement("a")])
                tries += 1
            }
            #expect(tries > 1)
            #expect(statuses == [.settled])
            #expect(publishes(standIn) == 1)
        }
    }

    @Test
    func callsDeliveriesOfADeletedSubscriptionStale() async throws {
        try await StandIn.with { calls in
            calls.last?.path.contains("subscriptions") == true ? Self.no(404) : (200, Self.rights)
        } _: { standIn in
            let sink = try await sink(standIn)
            try await sink.connect()
            let park = settlement("b", .park(afterMilliseconds: 1000, failedAttempts: 1))
            #expect(try await sink.settle([settlement("a"), park]) == [.stale, .stale])
            #expect(await sink.health() == .reachable)
        }
    }

    @Test
    func isNotReadyWithoutTheRightToPublishAndSaysWhatToGrant() async throws {
        try await StandIn.with { calls in
            calls.last?.path.hasSuffix("/topics/results") == true ? Self.no(403) : (200, "{}")
        } _: { standIn in
            let sink = try await sink(standIn)
            try await sink.connect()
            guard case .unreachable(let reason) = await sink.health() else {
                Issue.record("ready")
                return
            }
            #expect(reason.hasSuffix("it takes roles/pubsub.publisher on the topic"))
            #expect(try await sink.settle([settlement("a")]) == [.settled])
            #expect(await sink.health() == .reachable)
        }
    }

    @Test
    func waitsWithAllWhileItsCredentialsAreNotGood() async throws {
        try await StandIn.with { _ in
            Self.no(401)
        } _: { standIn in
            let sink = try await sink(standIn)
            await #expect(throws: QueueError.self) { try await sink.connect() }
            await #expect(throws: QueueError.self) { try await sink.settle([settlement("a")]) }
            guard case .unreachable(let reason) = await sink.health() else {
                Issue.record("ready")
                return
            }
            #expect(reason.contains("401"))
        }
    }
}
