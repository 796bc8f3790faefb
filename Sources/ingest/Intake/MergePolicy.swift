/// Chooses the queue whose request goes next.
package enum MergePolicy: String, Sendable, CaseIterable {
    /// Any queue that has a request, each with the same chance.
    case randomRobin = "random-robin"

    /// - Parameters:
    ///   - waiting: requests that wait to be sent, per queue.
    ///   - random: a uniformly distributed random number.
    /// - Returns: a queue that has a request; `nil` when none has.
    package func next(waiting: [Int], random: UInt64) -> Int? {
        let candidates = waiting.reduce(0) { $1 > 0 ? $0 + 1 : $0 }
        guard candidates > 0 else { return nil }
        var skip = Int(random % UInt64(candidates))
        for (queue, count) in waiting.enumerated() where count > 0 {
            if skip == 0 { return queue }
            skip -= 1
        }
        return nil
    }
}
