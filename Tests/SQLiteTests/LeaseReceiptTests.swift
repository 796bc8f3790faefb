import Messages
import Testing

@testable import SQLite

struct LeaseReceiptTests {
    @Test(arguments: [
        (1, 0, 1, "1.0.1"), (Int64.max, -1, Int64.min, "9223372036854775807.ffffffffffffffff.8000000000000000"),
    ])
    func isTextAndBack(seq: Int64, submission: Int64, token: Int64, text: String) {
        let lease = LeaseReceipt(seq: seq, submission: submission, token: token)
        #expect(lease.receipt == Receipt(text))
        #expect(LeaseReceipt(Receipt(text)) == lease)
    }

    @Test(arguments: ["", "1", "1.2", "1.2.3.4", "x.2.3", "1..3", "1.g.3", "1.2.10000000000000000"])
    func refusesWhatIsNoReceipt(text: String) {
        #expect(LeaseReceipt(Receipt(text)) == nil)
    }
}
