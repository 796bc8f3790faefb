import Messages
import Redis
import RedisPubSub
import Testing

struct StoredEntryTests {
    private static let queue = JSONObject.quoted("q")
    private static let start = #"{"internal":{"retry_count":"#

    @Test
    func embedsTheProducersBytesUnchanged() {
        let document = " { \"id\":\"a\", \"payload\" : {\"n\":1.0000000000000000001}, \"x\":\"\\u00fc\" }\n"
        var entry = StoredEntry(document: bytes(document))
        entry.claim = "c.1-1"
        let stored = entry.bytes(queue: Self.queue)
        #expect(
            text(stored) == Self.start + #"0,"request_queue_name":"q","transport_correlation_id":"c.1-1"},"#
                + #""request_kind":"redis","data":"# + document + "}")
        let read = StoredEntry(stored: stored[...])
        #expect(read == entry)
        #expect(text(read.document(queue: Self.queue)) == document)
    }

    @Test
    func keepsWhatAnEnvelopeSaysOfItself() {
        let document =
            #"{"request_kind":"plain", "internal":{"labels":{"tier":"batch"},"retry_count":3,"#
            + #""result_queue_name" : "r","request_queue_name":"other"},"data":{"id":"a"}}"#
        var entry = StoredEntry(document: bytes(document))
        entry.claim = "c"
        #expect(entry.retryCount == 3)
        let stored = text(entry.bytes(queue: Self.queue))
        #expect(
            stored == Self.start + #"3,"request_queue_name":"q","transport_correlation_id":"c","#
                + #""labels":{"tier":"batch"},"result_queue_name":"r"},"request_kind":"plain","data":{"id":"a"}}"#)
        let read = StoredEntry(stored: bytes(stored))
        #expect(read.bytes(queue: Self.queue) == Array(stored.utf8))
        #expect(text(read.document(queue: Self.queue)) == stored)
    }

    @Test(arguments: [
        "not JSON", "", "[1]", "{\"a\":1", "{\"request_kind\":\"odd\",\"data\":{}}", "{\"request_kind\":\"redis\"}",
        "{\"a\":1}x", "nul",
    ])
    func keepsGarbageAsItIs(document: String) {
        var entry = StoredEntry(document: bytes(document))
        entry.claim = "c"
        entry.retryCount = 2
        let read = StoredEntry(stored: entry.bytes(queue: Self.queue)[...])
        #expect(read == entry)
        #expect(text(read.document(queue: Self.queue)) == document)
    }

    @Test
    func keepsBytesThatAreNoText() {
        let document: [UInt8] = [0x7B, 0xFF, 0x00, 0xC3, 0x7D]
        let read = StoredEntry(stored: StoredEntry(document: document[...]).bytes(queue: Self.queue)[...])
        #expect(Array(read.document(queue: Self.queue)) == document)
    }

    @Test(arguments: [
        (#"{"id":"a","retry_count":4,"metadata":{"queue_name":"q"}}"#, 4, true),
        (
            #"{"internal":{"retry_count":2,"request_queue_name":"q"},"request_kind":"redis","data":{"id":"a"}}"#, 2,
            false
        ),
        (#"{"id":"a","retry_count":"many"}"#, 0, true), (#"{"id":"a","retry_count":-1}"#, 0, true),
    ])
    func readsWhatOthersWrote(stored: String, attempts: Int, isWhole: Bool) {
        let entry = StoredEntry(stored: bytes(stored))
        #expect(entry.retryCount == attempts)
        #expect(entry.claim.isEmpty)
        #expect(text(entry.document(queue: Self.queue)) == (isWhole ? stored : #"{"id":"a"}"#))
    }

    @Test
    func quotesTheQueuesName() {
        #expect(text(JSONObject.quoted("a\"b\\c\n")).hasPrefix(#""a\"b\\c\"#))
        #expect(
            StoredEntry(stored: StoredEntry(document: bytes("{}")).bytes(queue: JSONObject.quoted("\"\\"))[...]).claim
                == "")
    }

    @Test(arguments: [
        RedisPubSubReceipt(id: "a1.2-3", owner: "a1.2", retrySet: "retry-sortedset", queue: "request-queue"),
        RedisPubSubReceipt(id: "a", owner: "b", retrySet: "with space ü", queue: "12 q"),
        RedisPubSubReceipt(id: "a", owner: "b", retrySet: "", queue: ""),
    ])
    func receiptsReadBack(claim: RedisPubSubReceipt) {
        #expect(RedisPubSubReceipt(claim.receipt) == claim)
    }

    @Test(arguments: ["", "a b", "a b c d", "a b 99 rq", "a b -1 rq", " b 1 rq", "no receipt of anybody"])
    func otherReceiptsAreNotOurs(text: String) {
        #expect(RedisPubSubReceipt(Receipt(text)) == nil)
    }

    private func bytes(_ text: String) -> Bytes { Array(text.utf8)[...] }
    private func text(_ bytes: some Collection<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }
}
