import GooglePubSub
import GooglePubSubSource
import Messages
import Queue
import TestServers
import Testing

@testable import GooglePubSubSink

@Suite(
    .timeLimit(.minutes(2)),
    .enabled(if: GooglePubSubEmulator.isInstalled, Comment(rawValue: GooglePubSubEmulator.hint)))
struct GooglePubSubSinkTests {
    private func connected(
        _ lab: Lab, orderingKey: String = ""
    ) async throws -> (any RequestSource, any ResultSink) {
        let source = try await lab.source()
        let sink = try await lab.sink(orderingKey: orderingKey)
        try await source.connect()
        try await sink.connect()
        return (source, sink)
    }

    @Test
    func publishesResultsWithTheirAttributes() async throws {
        let lab = try await Lab()
        let (source, sink) = try await connected(lab, orderingKey: "one")
        try lab.publish("a")
        let delivery = try await source.take(1)[0]
        #expect(try await sink.settle([delivery.result]) == [.settled])
        let result = try await lab.take(1, from: lab.results)[0]
        #expect(result.message.text == "result of a")
        #expect(result.message.attributes["id"] == "a")
        #expect(result.message.attributes["status_code"] == "200")
        #expect(result.message.attributes["pubsub-id"]?.isEmpty == false)
        #expect(result.message.orderingKey == "one")
    }

    @Test
    func publishesNothingTwiceWhenTheAcknowledgementIsLost() async throws {
        let lab = try await Lab()
        let (source, sink) = try await connected(lab)
        try lab.publish("a", "b")
        let batch = try await source.take(2).map(\.result)
        lab.proxy.swallowReply(toRequestWith: ":acknowledge")
        await #expect(throws: QueueError.self) { try await sink.settle(batch) }
        // The server has acknowledged them; with exactly-once delivery it says that they are good no more.
        #expect(try await sink.settle(batch) == [.stale, .stale])
        let results = try await lab.take(2, from: lab.results)
        #expect(results.map(\.message.text).sorted() == ["result of a", "result of b"])
        #expect(try lab.emulator.connect().pull(lab.results).isEmpty)
        #expect(try await source.lease(within: .milliseconds(300)).isEmpty)
    }

    @Test
    func acknowledgesNothingBeforeTheResultIsConfirmed() async throws {
        let lab = try await Lab()
        let (source, sink) = try await connected(lab)
        try lab.publish("a")
        let delivery = try await source.take(1)[0]
        let missing = delivery.settlement(.result(Bytes("x".utf8)), to: "no-such-topic")
        let status = try await sink.settle([missing])
        guard case .refused(let reason) = status[0] else { return #expect(Bool(false), "\(status)") }
        #expect(reason.contains("404 NOT_FOUND"))
        // Nobody's business but its producer's.
        #expect(await sink.health() == .reachable)
        #expect(try await source.renew([delivery.receipt]) == [])
        #expect(try await sink.settle([delivery.result]) == [.settled])
    }

    @Test
    func settlesWhatWasRefusedWhenItStoodTwiceInTheBatch() async throws {
        let lab = try await Lab()
        let (source, sink) = try await connected(lab)
        try lab.publish("a")
        let delivery = try await source.take(1)[0]
        let missing = delivery.settlement(.result(Bytes("x".utf8)), to: "no-such-topic")
        let statuses = try await sink.settle([missing, missing])
        guard case .refused = statuses[0] else { return #expect(Bool(false), "\(statuses)") }
        #expect(statuses[1] == statuses[0])
        #expect(try await sink.settle([delivery.result]) == [.settled])
        #expect(try await lab.take(1, from: lab.results)[0].message.text == "result of a")
    }

    /// The emulator refuses a whole call because of one ack id, does not say which, and has acted on the others: those
    /// are called stale as well.
    @Test
    func answersAWholeBatchOfWhichSomeAreStale() async throws {
        let lab = try await Lab()
        let (source, sink) = try await connected(lab)
        try lab.publish("a", "b", "c", "d", "e")
        let all = try await source.take(5)
        let gone = [all[1], all[3]].map { $0.settlement(.park(afterMilliseconds: 60_000, failedAttempts: 1)) }
        let session = lab.emulator.connect()
        try session.acknowledge(gone.compactMap { GooglePubSubReceipt($0.receipt)?.ackID }, of: lab.requests)
        let statuses = try await sink.settle(all.map(\.result))
        #expect([statuses[1], statuses[3]] == [.stale, .stale])
        #expect(try await sink.settle(gone) == [.stale, .stale])
        #expect(try await lab.take(5, from: lab.results).count == 5)
        #expect(try await source.renew(all.map(\.receipt)).count == 5)
    }

    @Test(arguments: [300, 1200])
    func parksNoShorterThanToldAndHardlyLonger(_ delay: Int64) async throws {
        let lab = try await Lab { $0.backoff = nil }
        let (source, sink) = try await connected(lab)
        try lab.publish("a")
        let delivery = try await source.take(1)[0]
        let start = ContinuousClock.now
        let park = delivery.settlement(.park(afterMilliseconds: delay, failedAttempts: 1))
        #expect(try await sink.settle([park]) == [.settled])
        let again = try await source.take(1)[0]
        let time = ContinuousClock.now - start
        #expect(time >= .milliseconds(delay))
        // It goes back half an ack deadline after that at the latest; left alone, it would be a whole one (10 s).
        #expect(time < .milliseconds(delay) + .seconds(9))
        #expect(again.failedAttempts == 1)
    }

    @Test
    func parksNoMoreThanItHasRoomForAndGoesOnWhenSomeHaveGoneBack() async throws {
        let lab = try await Lab { $0.backoff = nil }
        let source = try await lab.source()
        let sink = try await lab.sink(maxParked: 2)
        try await source.connect()
        try await sink.connect()
        try lab.publish("a", "b", "c")
        let parks = try await source.take(3).map { $0.settlement(.park(afterMilliseconds: 3000, failedAttempts: 1)) }
        #expect(try await sink.settle(Array(parks.prefix(2))) == [.settled, .settled])
        guard case .delayed = try await sink.settle([parks[2]]).first else {
            Issue.record("parked without room")
            return
        }
        #expect(try await source.take(2).count == 2)
        #expect(try await sink.settle([parks[2]]) == [.settled])
    }

    /// Google's emulator loses most of these when it is left to their deadlines to bring them back.
    @Test
    func bringsBackManyParkedRequestsTimeAndAgainWhereARetryPolicyAddsToIt() async throws {
        let lab = try await Lab { $0.backoff = 0.1...1 }
        let (source, sink) = try await connected(lab)
        let session = lab.emulator.connect()
        try session.publish((0..<300).map { GooglePubSubMessage("request \($0)") }, to: lab.requests)
        var parked = ContinuousClock.now
        for attempts in 1...3 {
            let all = try await source.take(300)
            if attempts > 1 { #expect(ContinuousClock.now - parked >= .milliseconds(300)) }
            parked = .now
            let park = Settlement.Action.park(afterMilliseconds: 300, failedAttempts: attempts)
            let statuses = try await sink.settle(all.map { $0.settlement(park) })
            #expect(statuses.allSatisfy { $0 == .settled })
        }
        #expect(try await source.take(300).allSatisfy { $0.failedAttempts == 3 })
    }

    @Test(arguments: [
        "../../subscriptions/x:acknowledge#", "projects/lab/subscriptions/abc", "a b", "projects/my lab/topics/abc",
    ])
    func refusesTopicsThatCannotBeOne(_ name: String) async throws {
        let lab = try await Lab()
        let (source, sink) = try await connected(lab)
        try lab.publish("a")
        let delivery = try await source.take(1)[0]
        let status = try await sink.settle([delivery.settlement(.result(Bytes("x".utf8)), to: name)])
        guard case .refused = status[0] else {
            Issue.record("\(status)")
            return
        }
        // What emit does after the tenth time: nothing is lost.
        let letter = delivery.settlement(.deadLetter(reason: "refused", result: nil), to: name)
        #expect(try await sink.settle([letter]) == [.settled])
        #expect(try await lab.take(1, from: lab.results)[0].message.attributes["error_code"] == "DEAD_LETTER")
    }

    /// The emulator fails at a call with so many ack ids that are good no more, and would each time.
    @Test
    func getsThroughWithManyThatAreStale() async throws {
        let lab = try await Lab()
        let (source, sink) = try await connected(lab)
        let session = lab.emulator.connect()
        try session.publish((0..<200).map { GooglePubSubMessage("request \($0)") }, to: lab.requests)
        let batch = try await source.take(200).map(\.result)
        #expect(try await sink.settle(batch).allSatisfy { $0 == .settled })
        let other = try await lab.sink()
        try await other.connect()
        let again = batch.map { settlement in
            var settlement = settlement
            settlement.mayBeRepeated = true
            return settlement
        }
        #expect(try await other.settle(again).allSatisfy { $0 == .stale })
    }

    @Test
    func publishesNothingForADeliveryThatAnotherEmitHasAcknowledged() async throws {
        let lab = try await Lab()
        let (source, sink) = try await connected(lab)
        let other = try await lab.sink()
        try await other.connect()
        try lab.publish("a")
        var result = try await source.take(1)[0].result
        #expect(try await sink.settle([result]) == [.settled])
        #expect(try await sink.settle([result]) == [.stale])
        result.mayBeRepeated = true
        #expect(try await other.settle([result]) == [.stale])
        #expect(try await lab.take(1, from: lab.results).count == 1)
        #expect(try lab.emulator.connect().pull(lab.results).isEmpty)
    }

    @Test
    func answersWhatNobodyCanReadWithAnEmptyIDAndTheMessagesNumber() async throws {
        let lab = try await Lab()
        let (source, sink) = try await connected(lab)
        try lab.publish("no JSON")
        let delivery = try await source.take(1)[0]
        var letter = delivery.settlement(.deadLetter(reason: "not JSON", result: nil), statusCode: nil)
        letter.id = ""
        #expect(try await sink.settle([letter]) == [.settled])
        let result = try await lab.take(1, from: lab.results)[0]
        #expect(result.message.text.hasPrefix(#"{"id":"","#))
        #expect(result.message.attributes["error_code"] == "DEAD_LETTER")
        #expect(result.message.attributes["pubsub-id"]?.isEmpty == false)
        #expect(try await source.lease(within: .milliseconds(300)).isEmpty)
    }

    @Test
    func replacesAResultThatPubSubWouldNotTake() async throws {
        let lab = try await Lab()
        let (source, sink) = try await connected(lab)
        try lab.publish("a")
        let delivery = try await source.take(1)[0]
        let large = delivery.settlement(.result(Bytes(repeating: 0x20, count: 11_000_000)))
        #expect(try await sink.settle([large]) == [.settled])
        let result = try await lab.take(1, from: lab.results)[0]
        #expect(result.message.attributes["error_code"] == "INFERENCE_ERROR")
        #expect(result.message.text.contains("Pub/Sub takes"))
    }

    @Test
    func takesTheLargestResultThatPubSubDoes() async throws {
        let lab = try await Lab()
        let (source, sink) = try await connected(lab)
        try lab.publish("a", "b")
        let all = try await source.take(2)
        let large = Bytes(repeating: 0x20, count: 9_800_000)
        let statuses = try await sink.settle(all.map { $0.settlement(.result(large)) })
        #expect(statuses == [.settled, .settled])
        #expect(try await lab.take(2, from: lab.results).allSatisfy { $0.message.data.count == large.count })
    }
}
