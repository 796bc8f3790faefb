import Messages
import Testing

struct DeadlineTests {
    @Test(
        arguments: [
            (10, 4_000, 6_000), (10, 10_000, 0), (10, 12_500, -2_500), (.max, 0, .max), (.max, -5, .max),
            (.min, 0, .min), (.min, 5, .min), (23_472_348_233_323, 1_764_045_130_000, 23_470_584_188_193_000),
        ] as [(Int64, Int64, Int64)])
    func cannotOverflow(deadline: Int64, now: Int64, left: Int64) {
        let envelope = Envelope(id: "a", queue: "q", receipt: Receipt("r"), deadline: deadline)
        #expect(envelope.millisecondsLeft(at: now) == left)
    }

    @Test
    func endingDropsThePayload() {
        var envelope = Envelope(id: "a", queue: "q", receipt: Receipt("r"), deadline: 1, payload: [1, 2])
        envelope.end(.released)
        #expect(envelope.payload.isEmpty && envelope.progress == .ended(.released))
    }
}
