package import Messages
package import Redis

/// One settlement as the script takes it.
package struct RedisSortedSetSettlement: Sendable {
    package enum End: Sendable {
        case result(Bytes)
        /// `failedAttempts` is the new count.
        case park(afterMilliseconds: Int64, failedAttempts: Int)
        case release
        /// The document for the list of dead letters, and the result, if any.
        case deadLetter([UInt8], result: Bytes?)
        /// It stays as it is.
        case nothing
    }

    package var receipt: RedisSortedSetReceipt
    /// The request's id; with its token it names the producer's keys.
    package var id: String
    package var list: String
    package var end: End

    package init(receipt: RedisSortedSetReceipt, id: String, list: String, end: End) {
        self.receipt = receipt
        self.id = id
        self.list = list
        self.end = end
    }

    /// Settlements per call of the script.
    package static let most = 256

    /// One call that settles all of them, at most `most`, whose receipts have these keys.
    package static func call(
        _ script: RedisScript, keys: RedisSortedSetKeys, _ settlements: [RedisSortedSetSettlement]
    ) -> RedisCall {
        var call = script.call(keyCount: 1)
        call.command.reserve(settlements.reduce(1024) { $0 + $1.size })
        call.append(keys.state)
        call.append(JSONObject.quoted(keys.queue))
        for key in keys.common { call.append(key) }
        call.append(keys.deadLetters)
        for settlement in settlements { settlement.append(to: &call) }
        return call
    }

    /// Bytes that it takes in a command, about.
    private var size: Int {
        let fixed = 400 + 2 * id.utf8.count + list.utf8.count
        switch end {
        case .result(let json): return fixed + json.count
        case .deadLetter(let document, let result): return fixed + document.count + (result?.count ?? 0)
        case .park, .release, .nothing: return fixed
        }
    }

    private func append(to call: inout RedisCall) {
        switch end {
        case .result(let json): append("result", json, "", "", to: &call)
        case .park(let delay, let attempts): append("park", [], String(max(0, delay)), String(attempts), to: &call)
        case .release: append("release", [], "", "", to: &call)
        case .nothing: append("nothing", [], "", "", to: &call)
        case .deadLetter(let document, let result): append("dead", result ?? [], document, "", to: &call)
        }
    }

    private func append(
        _ what: String, _ result: Bytes, _ more: some RedisArgument, _ attempts: String, to call: inout RedisCall
    ) {
        call.append(what)
        call.append(receipt.submission)
        call.append(receipt.born)
        call.append(receipt.owner)
        let token = id.isEmpty ? "" : receipt.token
        call.append(token)
        call.append(list)
        if token.isEmpty {
            call.append("")
            call.append("")
        } else {
            call.command.append(RedisSortedSetKeys.activePrefix, id)
            call.command.append(RedisSortedSetKeys.cancelledPrefix, id)
        }
        call.append(result)
        call.append(more)
        call.append(attempts)
    }
}
