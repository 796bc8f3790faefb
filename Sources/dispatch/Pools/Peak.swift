/// The greatest number of the last while, in two halves of it.
struct Peak: Sendable, Equatable {
    private let memory: Double
    private var earlier = 0
    private var current = 0
    private var half = 0

    /// - Parameter memory: seconds that a number counts, at least half of them.
    init(memory: Double) { self.memory = memory }

    mutating func note(_ value: Int, at now: Double) {
        roll(to: now)
        current = max(current, value)
    }

    mutating func value(at now: Double) -> Int {
        roll(to: now)
        return max(earlier, current)
    }

    private mutating func roll(to now: Double) {
        let number = Int(now * 2 / memory)
        guard number > half else { return }
        earlier = number == half + 1 ? current : 0
        current = 0
        half = number
    }
}
