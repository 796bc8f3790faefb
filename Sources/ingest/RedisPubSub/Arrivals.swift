import Messages
import Redis

/// Messages received and not yet claimed or parked, oldest first.
struct Arrivals {
    struct Message {
        let bytes: [UInt8]
        let heardAt: ContinuousClock.Instant
        let place: Numbering.Place
    }

    /// The work of one call of the script; kept until it is known to be done.
    struct Batch {
        var messages: [Message]
        /// The first so many are claimed, the rest parked.
        var claims: Int
        let owner: String
        /// How many messages preceded these in the batch when they were named.
        var offset = 0
        /// Whether the call may have been carried out already.
        var isRepeated = false
        /// Connections that broke during the call.
        var breaks = 0

        /// Name of a message's claim.
        func id(_ index: Int) -> String { "\(owner)-\(offset + index + 1)" }

        /// Both halves of a batch of several, in order; each message keeps its name.
        var halves: [Batch] {
            let middle = messages.count / 2
            var (first, second) = (self, self)
            first.messages = Array(messages[..<middle])
            first.claims = min(claims, middle)
            second.messages = Array(messages[middle...])
            second.claims = max(0, claims - middle)
            second.offset += middle
            (first.breaks, second.breaks) = (0, 0)
            return [first, second]
        }
    }

    /// Most messages and bytes per call.
    private static let most = 128
    private static let maxBytes = 4 << 20

    private var messages: [Message] = []
    private(set) var bytes = 0

    var count: Int { messages.count }
    var isEmpty: Bool { messages.isEmpty }
    var oldest: ContinuousClock.Instant? { messages.first?.heardAt }

    mutating func append(_ message: Message) {
        messages.append(message)
        bytes += message.bytes.count
    }

    /// Takes messages that can be claimed now, and those to be parked because they waited too long or too many wait.
    mutating func next(
        demand: Int, settings: RedisPubSubSettings, now: ContinuousClock.Instant, owner: () -> String
    ) -> Batch? {
        let claims = min(demand, Self.most, count)
        var taken = claims
        var left = bytes - messages.prefix(claims).reduce(0) { $0 + $1.bytes.count }
        while taken < min(count, Self.most) {
            let isCrowded =
                count - taken > settings.maxWaiting || (left > settings.maxWaitingBytes && count - taken > 1)
            guard isCrowded || now - messages[taken].heardAt >= settings.patience else { break }
            left -= messages[taken].bytes.count
            taken += 1
        }
        taken = fitting(taken)
        if taken == 0 { return nil }
        let batch = Batch(messages: Array(messages.prefix(taken)), claims: min(claims, taken), owner: owner())
        messages.removeFirst(taken)
        bytes = messages.reduce(0) { $0 + $1.bytes.count }
        return batch
    }

    /// How many of the first `count` go into one call; at least one.
    private func fitting(_ count: Int) -> Int {
        var size = 0
        for index in 0..<count {
            size += messages[index].bytes.count
            if size > Self.maxBytes { return max(1, index) }
        }
        return count
    }
}
