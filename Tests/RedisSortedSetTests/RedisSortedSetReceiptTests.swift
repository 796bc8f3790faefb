import Messages
import Redis
import RedisSortedSet
import Testing

struct RedisSortedSetReceiptTests {
    @Test(arguments: ["", "t1", "a token with spaces", "ü"])
    func readsWhatItWrote(token: String) {
        let receipt = RedisSortedSetReceipt(
            submission: String(repeating: "a", count: 40), born: "1f.2", owner: "1f.3", token: token,
            keys: RedisSortedSetKeys(queue: "a queue ü", retrySet: "retry set"))
        #expect(RedisSortedSetReceipt(receipt.receipt) == receipt)
    }

    @Test(arguments: [
        "", "a", "a b c 1 1", "a b c x 1 yz", "a b c 9 1 yz", "a b c 1 9 yz", "a b c -1 1 yz", " b c 0 0 ",
    ])
    func isNilForWhatIsNone(text: String) {
        #expect(RedisSortedSetReceipt(Receipt(text)) == nil)
    }
}
