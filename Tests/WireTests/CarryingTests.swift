import Messages
import Testing

@testable import Wire

/// What no frame carries ends as that request's own result.
struct CarryingTests {
    private func large(_ change: (inout Envelope) -> Void) -> Envelope {
        var envelope = FrameTests.full
        envelope.progress = .waiting
        change(&envelope)
        return envelope
    }

    private static let long = String(repeating: "x", count: 17 << 20)

    @Test
    func leavesAloneWhatFits() {
        for envelope in FrameTests.envelopes { #expect(envelope.carried() == envelope) }
    }

    @Test
    func endsWhatIsTooLargeWithAResultThatSaysSo() throws {
        let fields = [HeaderField](repeating: HeaderField("a", ""), count: WireRange.headerFields + 1)
        let envelopes = [
            large { $0.url = Self.long }, large { $0.headers = [HeaderField("a", Self.long)] },
            large { $0.headers = fields }, large { $0.payload = [UInt8](repeating: 0, count: Frame.maxSize)[...] },
            large { $0.progress = .failed(FailedAttempt(statusCode: 503, body: [], reason: Self.long)) },
        ]
        for envelope in envelopes {
            let carried = try #require(envelope.carried())
            guard case .ended(.result(.failure(.inferenceError, let message))) = carried.progress else {
                Issue.record("\(carried.progress)")
                continue
            }
            #expect(message.contains("a link carries"))
            #expect(carried.id == envelope.id && carried.receipt == envelope.receipt)
            _ = try MessageFrame.encode(carried, session: .max, number: 1, losses: .max)
        }
    }

    @Test
    func keepsTheEndThatARequestHasInFewerWords() throws {
        let reasons: [Ending] = [
            .deadLetter(reason: Self.long), .result(.failure(.deadlineExceeded, message: Self.long)),
        ]
        for ending in reasons {
            let carried = try #require(large { $0.progress = .ended(ending) }.carried())
            #expect(carried.frameSizeLimit < 1 << 20)
            switch (carried.progress, ending) {
            case (.ended(.deadLetter), .deadLetter), (.ended(.result(.failure(.deadlineExceeded, _))), .result): break
            default: Issue.record("\(ending) became something else")
            }
        }
    }

    @Test
    func makesADeadLetterOfWhatHasNoNameToAnswerTo() throws {
        let carried = try #require(large { $0.id = Self.long }.carried())
        #expect(carried.id.isEmpty)
        guard case .ended(.deadLetter) = carried.progress else {
            Issue.record("\(carried.progress)")
            return
        }
    }

    @Test
    func saysWhenNotEvenTheLeaseFits() {
        #expect(large { $0.receipt = Receipt(Self.long) }.carried() == nil)
    }

    /// Whatever a link has carried, the next one carries with any end.
    @Test
    func leavesRoomForTheEndInWhatHasNotEnded() throws {
        var most = large { $0.receipt = Receipt([UInt8](repeating: 1, count: (16 << 20) - (150 << 10))) }
        #expect(most.carried() == most)
        most.progress = .failed(FailedAttempt(statusCode: 500, body: [], reason: Self.long))
        #expect(most.carried() != nil)
        most.progress = .ended(.deadLetter(reason: Self.long))
        #expect(most.carried() != nil)
    }
}
