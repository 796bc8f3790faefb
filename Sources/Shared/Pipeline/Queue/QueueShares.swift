import Messages

/// Divides a room that is limited in number and in bytes among queues, so that one queue's trouble takes only its share.
///
/// Half of the room is divided evenly: each of k queues has 1/(2k) of it for itself, whatever the others hold. The other
/// half is whoever's comes first. So one queue alone never has more than 1 − 1/(2k), any number of queues that are stuck
/// leave the others their part, and all together do not exceed the room; but a queue that has nothing there may always put
/// one thing in, however large.
///
/// Queues are known by their numbers, from 0; those up to the highest number seen count.
package struct QueueShares: Sendable, Equatable {
    /// What one thing takes of the room of a queue.
    package struct Share: Sendable, Equatable {
        package let lane: Int
        package let bytes: Int

        package init(lane: Int, bytes: Int) {
            self.lane = lane
            self.bytes = bytes
        }
    }

    private var counts: Parts
    private var bytes: Parts

    /// - Parameters:
    ///   - count: most things, of all queues together.
    ///   - bytes: most of their bytes.
    ///   - queues: as far as they are known from the start.
    package init(count: Int = .max, bytes: Int, queues: Int = 0) {
        counts = Parts(limit: count)
        self.bytes = Parts(limit: bytes)
        if queues > 0 { open(queues - 1) }
    }

    /// Things of all queues.
    package var count: Int { counts.total }
    /// Bytes of all queues.
    package var byteCount: Int { bytes.total }

    package func count(lane: Int) -> Int { counts[lane] }
    package func byteCount(lane: Int) -> Int { bytes[lane] }

    /// Whether a queue may put something in: as much as it likes, once.
    package func hasRoom(lane: Int) -> Bool {
        counts[lane] == 0 || (counts.hasRoom(lane) && bytes.hasRoom(lane))
    }

    /// Whether any of the queues may.
    package var hasRoomForSome: Bool {
        counts.isEmpty || counts.indices.contains { hasRoom(lane: $0) }
    }

    /// Something has been put in, room or not.
    package mutating func add(_ share: Share) {
        open(share.lane)
        counts.add(1, to: share.lane)
        bytes.add(share.bytes, to: share.lane)
    }

    /// It has gone again.
    package mutating func remove(_ share: Share) {
        counts.add(-1, to: share.lane)
        bytes.add(-share.bytes, to: share.lane)
    }

    private mutating func open(_ lane: Int) {
        counts.open(lane)
        bytes.open(lane)
    }

    /// One of the two: how much of it each queue has.
    private struct Parts: Sendable, Equatable {
        private let limit: Int
        private var used: [Int] = []
        private(set) var total = 0
        /// What is taken or kept for a queue, over all queues.
        private var claimed = 0

        init(limit: Int) { self.limit = limit }

        var isEmpty: Bool { used.isEmpty }
        var indices: Range<Int> { used.indices }

        /// What each queue has for itself.
        private var reserve: Int { limit / (2 * max(1, used.count)) }

        subscript(lane: Int) -> Int { lane < used.count ? used[lane] : 0 }

        func hasRoom(_ lane: Int) -> Bool {
            let own = self[lane]
            return own < reserve || claimed - max(own, reserve) + own < limit
        }

        mutating func open(_ lane: Int) {
            guard lane >= used.count else { return }
            used += Array(repeating: 0, count: lane + 1 - used.count)
            let reserve = reserve
            claimed = used.reduce(0) { $0 + max($1, reserve) }
        }

        mutating func add(_ amount: Int, to lane: Int) {
            guard lane < used.count else { return }
            let before = used[lane]
            used[lane] = max(0, before + amount)
            total += used[lane] - before
            claimed += max(used[lane], reserve) - max(before, reserve)
        }
    }
}

/// Numbers for the names of queues, in the order in which they come.
///
/// Names are the producers' choice, more or less: what comes after so many shares the first one's number.
package struct QueueNumbers: Sendable {
    private var numbers: [ExactText: Int] = [:]
    /// The last one asked for: the next is often the same.
    private var recent = (name: ExactText(""), number: -1)
    private static let most = 1000

    package init() {}

    package subscript(name: String) -> Int {
        mutating get {
            let name = ExactText(name)
            if recent.number >= 0, recent.name == name { return recent.number }
            let number = numbers[name] ?? (numbers.count < Self.most ? numbers.count : 0)
            if number == numbers.count { numbers[name] = number }
            recent = (name, number)
            return number
        }
    }
}
