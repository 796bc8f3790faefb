import Intake
import Messages
import Redis
import RedisSortedSet

extension Benchmark {
    /// What ingest does with a request.
    static let intake: [Benchmark] = [
        Benchmark("intake.claim-reply", "one request of a claim's reply of 64, from bytes to values", batch: 64) {
            Replies(Samples.claimReply)
        } body: { replies in
            blackHole(try replies.next())
        },
        Benchmark("intake.find-token", "token and id of a tagged request") {
            Samples.tagged[...]
        } body: { bytes in
            blackHole(RequestToken(in: bytes))
        },
        Benchmark("intake.receipt", "a receipt from its parts") {
            RedisSortedSetReceipt(Samples.receipt)
        } body: { receipt in
            blackHole(receipt?.receipt)
        },
        Benchmark("intake.decode-flat", "a request of the user guide's form, from bytes to fields") {
            Samples.flat[...]
        } body: { bytes in
            blackHole(InboundRequest.decode(bytes))
        },
        Benchmark("intake.decode-tagged", "a request of llm-d-async's form, from bytes to fields") {
            Samples.tagged[...]
        } body: { bytes in
            blackHole(InboundRequest.decode(bytes))
        },
        Benchmark("intake.prepare", "a delivery to the envelope that dispatch gets: decoding, URL, headers") {
            Preparation(limits: RequestLimits(), maxDeliveries: 5)
        } body: { preparation in
            blackHole(preparation.prepare(Samples.delivery, from: Samples.queue, now: Samples.now))
        },
    ]
}

/// A server that always answers the same, as far as a reader can tell.
final class Replies {
    private var reader = ReplyReader()
    private let reply: [UInt8]

    init(_ reply: [UInt8]) { self.reply = reply }

    func next() throws -> RedisReply? {
        reader.append(reply)
        return try reader.next()
    }
}

extension Samples {
    /// What the claim script answers with 64 requests.
    static let claimReply: [UInt8] = {
        var reply = Array("*5\r\n*64\r\n".utf8)
        for _ in 0..<64 {
            reply += Array("*5\r\n$40\r\n0123456789abcdef0123456789abcdef01234567\r\n$16\r\n6f00c0ffee12.345\r\n".utf8)
            reply += Array("$\(tagged.count)\r\n".utf8) + tagged + Array("\r\n:0\r\n:0\r\n".utf8)
        }
        return reply + Array(":0\r\n:-1\r\n:-1\r\n:0\r\n".utf8)
    }()
}
