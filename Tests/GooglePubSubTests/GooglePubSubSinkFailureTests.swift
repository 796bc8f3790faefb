import GooglePubSub
import Messages
import Queue
import Testing

@testable import GooglePubSubSink

/// What the sink does when the server says no, on a stand-in: the emulator never does.
@Suite(.timeLimit(.minutes(1)))
struct GooglePubSubSinkFailureTests {
    private static let subscription = "projects/p/subscriptions/s"

    private func settlement(
        _ id: String, _ action: Settlement.Action = .result(Bytes("{}".utf8)), to topic: String = ""
    ) -> Settlement {
        let receipt = GooglePubSubReceipt(
            subscription: Self.subscription, messageID: "m-\(id)", ackDeadline: 60, ackID: "ack-\(id)")
        return Settlement(
            receipt: receipt.receipt, queue: "s", destination: topic, id: id, statusCode: 200, action: action)
    }

    private func sink(_ standIn: StandIn, backoff: Backoff = Backoff()) async throws -> GooglePubSubSink {
        try await GooglePubSubSink(client: standIn.client(), project: "p", defaultTopic: "results", backoff: backoff)
    }

    /// What is asked first: whether results may be published.
    private static let rights = #"{"permissions":["pubsub.topics.publish"]}"#

    /// Settles again and again, as emit does, until nothing is delayed.
    private func settle(_ batch: [Settlement], with sink: GooglePubSubSink) async throws -> [SettlementStatus] {
        while true {
            let statuses = try await sink.settle(batch)
            if !statuses.contains(where: isDelayed) { return statuses }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    private func isDelayed(_ status: SettlementStatus) -> Bool { if case .delayed = status { true } else { false } }

    private func isRefused(_ status: SettlementStatus) -> Bool { if case .refused = status { true } else { false } }

    private func publishes(_ standIn: StandIn) -> Int { standIn.requests.count { $0.path.hasSuffix(":publish") } }

    @Test(arguments: [
        (403, "PERMISSION_DENIED"), (404, "NOT_FOUND"), (400, "FAILED_PRECONDITION"), (429, "RESOURCE_EXHAUSTED"),
        (499, "CANCELLED"), (500, "INTERNAL"), (503, "UNAVAILABLE"),
    ])
    func keepsResultsUntilTheirTopicTakesThem(_ status: Int, _ name: String) async throws {
        try await StandIn.with { calls in
            calls.count { $0.path.hasSuffix(":publish") } == 1 && calls.last?.path.hasSuffix(":publish") == true
                ? StandIn.error(status, name) : (200, Self.rights)
        } _: { standIn in
            // Long enough for a busy machine to ask again meanwhile.
            let sink = try await sink(standIn, backoff: Backoff(first: .milliseconds(800)))
            try await sink.connect()
            let first = try await sink.settle([settlement("a"), settlement("b")])
            #expect(first.allSatisfy(isDelayed))
            guard case .unreachable(let reason) = await sink.health() else {
                Issue.record("ready")
                return
            }
            #expect(reason.contains("POST projects/p/topics/results:publish: \(status)"))
            // It is left alone for a moment.
            #expect(try await sink.settle([settlement("a")]).allSatisfy(isDelayed))
            #expect(publishes(standIn) == 1)
            #expect(try await settle([settlement("a"), settlement("b")], with: sink) == [.settled, .settled])
            #expect(await sink.health() == .reachable)
        }
    }

    @Test
    func goesOnWithOtherTopicsWhenOneIsMissingAndAnotherHasTooMuchToDo() async throws {
        try await StandIn.with { calls in
            let path = calls.last?.path ?? ""
            return path.contains("missing")
                ? StandIn.error(404, "NO") : path.contains("busy") ? StandIn.error(429, "NO") : (200, Self.rights)
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
                ? StandIn.error(400, "NO") : (200, Self.rights)
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
            return isOne && acknowledgements <= 8 ? StandIn.error(status, "NO", details: details) : (200, Self.rights)
        } _: { standIn in
            let sink = try await sink(standIn)
            try await sink.connect()
            #expect(try await sink.settle([settlement("a")]).allSatisfy(isDelayed))
            #expect(try await settle([settlement("a")], with: sink) == [.settled])
            #expect(publishes(standIn) == 1)
        }
    }

    @Test
    func callsDeliveriesOfADeletedSubscriptionStale() async throws {
        try await StandIn.with { calls in
            calls.last?.path.contains("subscriptions") == true ? StandIn.error(404, "NO") : (200, Self.rights)
        } _: { standIn in
            let sink = try await sink(standIn)
            try await sink.connect()
            let park = settlement("b", .park(afterMilliseconds: 1000, failedAttempts: 1))
            var old = settlement("c")
            old.leasedAt = 1
            #expect(try await sink.settle([settlement("a"), park, old]) == [.stale, .stale, .stale])
            #expect(publishes(standIn) == 1)
            #expect(
                standIn.requests.contains { $0.path.hasSuffix(":publish") && $0.body.contains("\"id\":\"c\"") })
            #expect(await sink.health() == .reachable)
        }
    }

    @Test
    func isNotReadyWithoutTheRightToPublishAndSaysWhatToGrant() async throws {
        try await StandIn.with { calls in
            calls.last?.path.hasSuffix("/topics/results") == true ? StandIn.error(403, "NO") : (200, "{}")
        } _: { standIn in
            let sink = try await sink(standIn)
            let error = await #expect(throws: QueueError.self) { try await sink.connect() }
            #expect(error?.reason.hasSuffix("it takes roles/pubsub.publisher on the topic") == true)
            #expect(await sink.health() == .unreachable(reason: error?.description ?? ""))
        }
    }

    @Test
    func asksNoMoreThanSoOftenWhichOfManyAreBad() async throws {
        try await StandIn.with { calls in
            calls.last?.path.hasSuffix(":publish") == true ? StandIn.error(400, "NO") : (200, Self.rights)
        } _: { standIn in
            let sink = try await sink(standIn)
            try await sink.connect()
            let statuses = try await sink.settle((0..<200).map { settlement("\($0)") })
            // Those that were alone are refused; the others may be good, and wait.
            #expect(statuses.allSatisfy { isRefused($0) || isDelayed($0) })
            #expect(statuses.contains(where: isRefused) && statuses.contains(where: isDelayed))
            #expect(publishes(standIn) < 60)
        }
    }

    @Test
    func waitsWithAllWhileItsCredentialsAreNotGood() async throws {
        try await StandIn.with { _ in
            StandIn.error(401, "NO")
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
