import GooglePubSub
import Messages
import Queue
import Testing

@testable import GooglePubSubSink

struct SettlementRunTests {
    private func receipt(_ id: String, subscription: String = "projects/p/subscriptions/s") -> Receipt {
        GooglePubSubReceipt(subscription: subscription, messageID: "m-\(id)", ackDeadline: 60, ackID: id).receipt
    }

    private func settlement(
        _ id: String, _ action: Settlement.Action = .result(Bytes("{}".utf8)), to topic: String = ""
    ) -> Settlement {
        Settlement(receipt: receipt(id), queue: "s", destination: topic, id: id, statusCode: 200, action: action)
    }

    @Test
    func publishesBeforeItAcknowledges() {
        var run = SettlementRun([settlement("a"), settlement("b", to: "other")], progress: [:])
        #expect(run.actions().isEmpty)
        #expect(run.publications().map(\.destination) == ["", "other"])
        run.published(0)
        #expect(run.publications().map(\.indices) == [[1]])
        #expect(run.actions().map(\.indices) == [[0]])
        #expect(run.actions().map(\.group.action) == [.acknowledge])
    }

    @Test
    func publishesNothingTwiceWhenTriedAgain() {
        var first = SettlementRun([settlement("a"), settlement("b")], progress: [:])
        first.published(0)
        first.published(1)
        first.ended(1, .done)
        let again = SettlementRun([settlement("a"), settlement("b")], progress: first.progress)
        #expect(again.publications().isEmpty)
        #expect(again.actions().map(\.indices) == [[0]])
        #expect(again.statuses == [.stale, .settled])
    }

    @Test
    func callsSecondSettlementsOfABatchAndStrangersStale() {
        let stranger = Settlement(receipt: Receipt("x"), queue: "", destination: "", id: "x", action: .release)
        var run = SettlementRun([settlement("a"), settlement("a"), stranger], progress: [:])
        #expect(run.publications().map(\.indices) == [[0]])
        run.published(0)
        run.ended(0, .done)
        #expect(run.statuses == [.settled, .stale, .stale])
    }

    @Test(arguments: [(0, false), (29_000, false), (31_000, true)])
    func looksAtWhatHasBeenLeasedForHalfOfItsAckDeadline(_ age: Int64, _ isDoubtful: Bool) {
        let now: Int64 = 1_800_000_000_000
        var old = settlement("a")
        old.leasedAt = now - age
        let run = SettlementRun([old, settlement("b")], progress: [:], now: now)
        #expect(run.deliveriesToVerify().map(\.indices) == (isDoubtful ? [[0]] : []))
        #expect(run.deliveriesToVerify().allSatisfy { $0.group.action == .extend(seconds: 60) })
    }

    @Test
    func acknowledgesNothingWhoseResultIsRefused() {
        var run = SettlementRun([settlement("a"), settlement("b", to: "other")], progress: [:])
        run.published(0)
        run.refused(1, "404 NOT_FOUND")
        #expect(run.actions().map(\.indices) == [[0]])
        run.ended(0, .lost)
        #expect(run.statuses == [.stale, .refused(reason: "404 NOT_FOUND")])
        #expect(run.hasFailures)
    }

    @Test(arguments: [(0, 0), (1, 11), (1500, 12), (2000, 12), (2001, 13), (900_000, 600)] as [(Int64, Int)])
    func setsAckDeadlinesThatOutlastTheWait(_ delay: Int64, _ seconds: Int) {
        let run = SettlementRun([settlement("a", .park(afterMilliseconds: delay, failedAttempts: 1))], progress: [:])
        #expect(run.publications().isEmpty)
        #expect(run.actions().map(\.group.action) == [.extend(seconds: seconds)])
    }

    @Test
    func saysInAttributesWhatTheResultIs() {
        var one = settlement("a")
        one.traceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        let attributes = SettlementRun([one], progress: [:]).publication(0).attributes
        #expect(attributes.map(\.name) == ["id", "status_code", "pubsub-id", "traceparent"])
        #expect(attributes.map(\.value).prefix(3) == ["a", "200", "m-a"])
    }

    @Test
    func leavesOutAttributesThatPubSubWouldRefuse() {
        let long = settlement(String(repeating: "a", count: 1025))
        let empty = Settlement(
            receipt: receipt("b"), queue: "", destination: "", id: "",
            action: .deadLetter(reason: "no JSON", result: nil))
        let run = SettlementRun([long, empty], progress: [:])
        #expect(run.publication(0).attributes.map(\.name) == ["status_code"])
        #expect(run.publication(1).attributes.map(\.name) == ["error_code", "pubsub-id"])
    }

    @Test
    func bringsDeadLettersToTheDefaultTopicWhateverTheirOwnIs() {
        let refused = settlement("a", .deadLetter(reason: "its topic refuses it", result: nil), to: "refuses")
        let answered = settlement("b", .deadLetter(reason: "lost 6 times", result: Bytes("{}".utf8)), to: "own")
        let run = SettlementRun([refused, answered], progress: [:])
        #expect(run.publications().map(\.destination) == ["", "own"])
    }

    @Test
    func answersWhatCouldNotBeReadWithAnEmptyID() {
        let one = Settlement(
            receipt: receipt("b"), queue: "", destination: "", id: "",
            action: .deadLetter(reason: "no JSON", result: nil))
        let text = String(decoding: SettlementRun([one], progress: [:]).publication(0).data, as: UTF8.self)
        #expect(text.hasPrefix(#"{"id":"","payload":"{\"error\":\"no JSON\"}""#))
        #expect(text.contains(#""error_code":"DEAD_LETTER""#))
    }

    @Test
    func replacesAResultThatIsLargerThanPubSubTakes() {
        let body = Bytes(repeating: 0x20, count: Publication.largest)
        let message = SettlementRun([settlement("a", .result(body))], progress: [:]).publication(0)
        #expect(String(decoding: message.data, as: UTF8.self).contains(#""error_code":"INFERENCE_ERROR""#))
        #expect(message.attributes.map(\.name) == ["id", "error_code", "pubsub-id"])
    }

    @Test
    func asksAboutDeliveriesThatMayHaveBeenSettledBeforeItPublishes() {
        var doubtful = settlement("a")
        doubtful.mayBeRepeated = true
        var run = SettlementRun([doubtful, settlement("b")], progress: [:])
        #expect(run.deliveriesToVerify().map(\.indices) == [[0]])
        #expect(run.deliveriesToVerify().map(\.group.action) == [.extend(seconds: 60)])
        run.ended(0, .lost)
        #expect(run.deliveriesToVerify().isEmpty)
        #expect(run.publications().map(\.indices) == [[1]])
        #expect(run.statuses.first == .stale)
    }

    @Test
    func callsStaleWhatWasSettledOfLate() {
        let run = SettlementRun([settlement("a"), settlement("b")], progress: [:]) { $0 == receipt("a") }
        #expect(run.publications().map(\.indices) == [[1]])
        #expect(run.statuses.first == .stale)
    }

    @Test
    func remembersTheReceiptsThatWereSettledLast() {
        var recent = RecentReceipts()
        for number in 0..<20_000 { recent.insert(Receipt("\(number)")) }
        #expect(recent.contains(Receipt("19999")) && recent.contains(Receipt("12000")))
        #expect(!recent.contains(Receipt("0")))
    }
}
