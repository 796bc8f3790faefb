/// How many answers come per second, over the last one.
struct Throughput: Sendable, Equatable {
    private static let width = 0.1
    private static let count = 10
    /// Shorter than this there is nothing to say.
    private static let shortest = 0.25

    private var slots = [Int](repeating: 0, count: count + 1)
    private var current = 0
    /// When the first answer came after a time without any.
    private var began: Double?

    mutating func add(at now: Double) {
        advance(to: now)
        if began == nil { began = now }
        slots[current % slots.count] += 1
    }

    mutating func rate(at now: Double) -> Double {
        advance(to: now)
        guard let began else { return 0 }
        let span = min(Double(Self.count - current) * Self.width + now, max(Self.shortest, now - began))
        return Double(slots.reduce(0, +)) / max(Self.shortest, span)
    }

    private mutating func advance(to now: Double) {
        let number = Int(now / Self.width)
        guard number > current else { return }
        if number - current > slots.count {
            for index in slots.indices { slots[index] = 0 }
            began = nil
        } else {
            for index in current + 1...number { slots[index % slots.count] = 0 }
        }
        current = number
    }
}
