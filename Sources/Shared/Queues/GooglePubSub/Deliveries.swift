import Loop
import Messages

/// What can be done with deliveries of one subscription, many at a time.
package enum DeliveryAction: Sendable, Hashable {
    /// The message is done with.
    case acknowledge
    /// It stays with us for so many seconds from now, 600 at most; 0 gives it back.
    case extend(seconds: Int)
}

/// What became of one delivery.
package enum DeliveryAnswer: Sendable, Equatable {
    case done
    /// The ack id is good no more: the delivery was acknowledged or given back, or its deadline is over.
    case lost
}

extension GooglePubSubClient {
    /// Ack ids per call: with those of production, some 200 bytes each, well below the 512 KiB that a call may have.
    ///
    /// Source: cloud.google.com/pubsub/quotas#resource_limits
    package nonisolated static let maxAckIDs = 1000

    /// Does `action` with deliveries of `subscription` (full name), in as many calls as it takes.
    ///
    /// With exactly-once delivery the answer tells of each ack id; those that failed for a passing reason are tried
    /// again, a little later each time. A server that refuses a call without saying which ack id is to blame, or fails at
    /// it, is asked again with
    /// halves of it, down to the one. (The emulator refuses a call with one bad id, and fails at one with a hundred.)
    ///
    /// - Parameter answered: told of each part as soon as it is known, with its place: what is known when this throws
    ///   stays known.
    /// - Throws: when nothing is known about the rest.
    package func perform(
        _ action: DeliveryAction, on ackIDs: [String], of subscription: String,
        answered: (Int, DeliveryAnswer) -> Void
    ) async throws(GooglePubSubError) {
        var parts = stride(from: 0, to: ackIDs.count, by: Self.maxAckIDs).map { start in
            Array(start..<min(start + Self.maxAckIDs, ackIDs.count))
        }
        var tries = 0
        while let part = parts.popLast() {
            do throws(GooglePubSubError) {
                try await call(action, part.map { ackIDs[$0] }, of: subscription)
                for place in part { answered(place, .done) }
            } catch {
                let isSplit =
                    [.invalid, .precondition].contains(error.kind) || (error.kind == .fault && part.count > 1)
                guard isSplit || !error.failures.isEmpty else { throw error }
                let again = judge(part, ackIDs, error, answered)
                if again.isEmpty { continue }
                if !error.failures.isEmpty {
                    tries += 1
                    if tries > Self.maxTries { throw GooglePubSubError(.unavailable, error.action, error.reason) }
                    await EventLoop.shared.pause(for: .milliseconds(Int.random(in: 25...50) << tries))
                    parts.append(again)
                } else {
                    parts.append(Array(again[(again.count / 2)...]))
                    parts.append(Array(again[..<(again.count / 2)]))
                }
            }
        }
    }

    /// Calls that are made again because some ack ids failed for a passing reason; after that the caller waits longer.
    private static let maxTries = 3

    /// - Returns: places that need another call.
    private func judge(
        _ part: [Int], _ ackIDs: [String], _ error: GooglePubSubError, _ answered: (Int, DeliveryAnswer) -> Void
    ) -> [Int] {
        if error.failures.isEmpty {
            guard part.count == 1 else { return part }
            answered(part[0], .lost)
            return []
        }
        var again: [Int] = []
        for place in part {
            switch error.failures[ackIDs[place]] {
            case nil: answered(place, .done)
            case let failure? where failure.hasPrefix("TRANSIENT"): again.append(place)
            default: answered(place, .lost)
            }
        }
        return again
    }

    private func call(
        _ action: DeliveryAction, _ ackIDs: [String], of subscription: String
    ) async throws(GooglePubSubError) {
        var json: [UInt8] = []
        json.append("{\"ackIds\":[")
        for (index, id) in ackIDs.enumerated() {
            if index > 0 { json.append(",") }
            json.appendJSONString(id)
        }
        json.append("]")
        switch action {
        case .acknowledge:
            json.append("}")
            _ = try await post("\(subscription):acknowledge", json)
        case .extend(let seconds):
            json.append(",\"ackDeadlineSeconds\":")
            json.append(contentsOf: String(seconds).utf8)
            json.append("}")
            _ = try await post("\(subscription):modifyAckDeadline", json)
        }
    }
}
