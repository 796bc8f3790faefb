import Messages
import Status
import Testing

@testable import Stage

struct HeldRequestTests {
    /// The wire carries them only to the year 287,396; one that is further away must not come back as one of 1970.
    @Test(
        arguments: [
            (1_767_323_045, "2026-01-02T03:04:05Z"), (.max, "9999-12-31T23:59:59Z"),
            (18_446_744_073_710_000, "9999-12-31T23:59:59Z"), ((1 << 53) / 1000, "9999-12-31T23:59:59Z"),
        ] as [(Int64, String)])
    func tellsOfADistantDeadlineAsEveryStageDoes(deadline: Int64, text: String) {
        var envelope = Envelope(id: "a", queue: "q", receipt: Receipt("r"))
        envelope.deadline = deadline
        #expect("\(HeldRequest(envelope, place: "waits").deadline)" == text)
    }
}
