import Messages
import Queue
import Testing

@testable import EmitStage

struct SettlementsTests {
    private let settlements = Settlements(encoder: ResultEncoder())

    @Test
    func writesAnAnswerAsTheResult() {
        let settlement = settle(.ended(.result(.answer(statusCode: 200, body: Bytes("{}".utf8)))))
        #expect(settlement.receipt == Receipt("r"))
        #expect(settlement.queue == "q")
        #expect(settlement.destination == "results")
        #expect(text(settlement) == #"{"id":"a","status_code":200,"payload":"{}"}"#)
    }

    @Test
    func remembersSinceWhenItIsLeasedAndWhetherAHolderWasLost() {
        var envelope = Envelope(id: "a", queue: "q", receipt: Receipt("r"), leasedAt: 1234, progress: .ended(.released))
        #expect(settlements.settlement(of: envelope).leasedAt == 1234)
        #expect(!settlements.settlement(of: envelope).mayBeRepeated)
        envelope.losses = 1
        #expect(settlements.settlement(of: envelope).mayBeRepeated)
    }

    @Test
    func parksForTheDelayAndRemembersTheFailedAttempts() {
        #expect(
            settle(.ended(.parked(afterMilliseconds: 2500))).action == .park(afterMilliseconds: 2500, failedAttempts: 3)
        )
    }

    @Test
    func tellsTheProducerOfADeadLetterIfTheRequestHasAnID() {
        guard case .deadLetter("why", let result?) = settle(.ended(.deadLetter(reason: "why"))).action else {
            Issue.record("no result")
            return
        }
        #expect(String(decoding: result, as: UTF8.self).contains("DEAD_LETTER"))
        #expect(settle(.ended(.deadLetter(reason: "why")), id: "").action == .deadLetter(reason: "why", result: nil))
    }

    @Test
    func givesBackWhatIsNotDecided() {
        #expect(settle(.waiting).action == .release)
        #expect(settle(.ended(.released)).action == .release)
    }

    private func settle(_ progress: Progress, id: String = "a") -> Settlement {
        settlements.settlement(
            of: Envelope(
                id: id, queue: "q", receipt: Receipt("r"), resultDestination: "results", failedAttempts: 3,
                progress: progress))
    }

    private func text(_ settlement: Settlement) -> String? {
        guard case .result(let json) = settlement.action else { return nil }
        return String(decoding: json, as: UTF8.self)
    }
}
