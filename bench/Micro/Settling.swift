import Messages
import Redis
import RedisSortedSet

extension Benchmark {
    /// What emit does with a request.
    static let settling: [Benchmark] = [
        Benchmark("emit.result", "an answer as the producer gets it, as text") {
            ResultEncoder()
        } body: { encoder in
            blackHole(encoder.encode(id: Samples.request.id, Samples.result))
        },
        Benchmark("emit.result-json", "the same as JSON") {
            ResultEncoder(format: .json)
        } body: { encoder in
            blackHole(encoder.encode(id: Samples.request.id, Samples.result))
        },
        Benchmark("emit.result-base64", "the same as base64") {
            ResultEncoder(format: .base64)
        } body: { encoder in
            blackHole(encoder.encode(id: Samples.request.id, Samples.result))
        },
        Benchmark("emit.read-receipt", "a receipt to its parts") {
            Samples.receipt
        } body: { receipt in
            blackHole(RedisSortedSetReceipt(receipt))
        },
        Benchmark("emit.settle-call", "one settlement of a script's call for 64, from values to bytes", batch: 64) {
            Samples.settlements
        } body: { settlements in
            let call = RedisSortedSetSettlement.call(
                RedisSortedSetScript.settle, keys: settlements[0].receipt.keys, settlements)
            blackHole(call.encoded)
        },
        Benchmark("emit.settle-reply", "one answer of the settle script's reply for 64", batch: 64) {
            Replies(Array("*64\r\n".utf8) + (0..<64).flatMap { _ in Array(":1\r\n".utf8) })
        } body: { replies in
            blackHole(try replies.next())
        },
    ]
}

extension Samples {
    static let result = Ending.Result.answer(statusCode: 200, body: answer[...])

    static let settlements: [RedisSortedSetSettlement] = {
        let json = ResultEncoder().encode(id: request.id, result)
        guard let receipt = RedisSortedSetReceipt(receipt) else { preconditionFailure("the sample is no receipt") }
        return (0..<64).map { number in
            RedisSortedSetSettlement(
                receipt: receipt, id: "\(request.id)\(number)", list: "result-list", end: .result(json[...]))
        }
    }()
}
