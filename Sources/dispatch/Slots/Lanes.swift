import Messages

/// What one queue sends to one pool at one gateway, in one tier, is a *lane*; lanes are numbered from 0.
///
/// Queues at gateways have numbers (`Gateways`), and pools (`Pools`). Messages name pools and tiers: a queue at its gateway may
/// always have one lane, but only `most` lanes are told apart in all.
struct Lanes {
    private struct Lane: Hashable {
        let queue: Int
        let pool: Int
        let tier: Int
    }

    /// Beyond so many, what a queue sends is all in its first lane.
    static let most = 2048

    private var lanes: [Lane] = []
    private var fastest: [FastestAnswer] = []
    private var numbers: [Lane: Int] = [:]
    /// The first of each queue.
    private var first: [Int: Int] = [:]
    /// Asked for last: the next one is often the same.
    private var recent: (lane: Lane, number: Int)?

    /// The lane of requests of a queue at a gateway for a pool, opened if it is new.
    mutating func lane(queue: Int, pool: Int, tier: Int) -> Int {
        let lane = Lane(queue: queue, pool: pool, tier: tier)
        if let recent, recent.lane == lane { return recent.number }
        let number = numbers[lane] ?? open(lane)
        recent = (lane, number)
        return number
    }

    private mutating func open(_ lane: Lane) -> Int {
        if lanes.count >= Self.most, let first = first[lane.queue] { return first }
        let number = lanes.count
        numbers[lane] = number
        lanes.append(lane)
        fastest.append(FastestAnswer())
        if first[lane.queue] == nil { first[lane.queue] = number }
        return number
    }

    /// The queue at its gateway.
    func queue(of lane: Int) -> Int { lanes[lane].queue }

    func pool(of lane: Int) -> Int { lanes[lane].pool }

    func tier(of lane: Int) -> Int { lanes[lane].tier }

    /// A request of the lane was answered.
    ///
    /// - Parameters:
    ///   - time: that it took, seconds.
    ///   - now: seconds.
    mutating func answered(_ lane: Int, in time: Double, at now: Double) { fastest[lane].note(time, at: now) }

    /// The least time in which requests of the lane are answered, seconds; `nil` where too little is known.
    func fastestAnswer(of lane: Int, at now: Double) -> Double? { fastest[lane].value(at: now) }

    /// By closed pool: the names of queues that go there, and at no gateway to a pool that is open.
    ///
    /// - Parameters:
    ///   - name: of a queue at its gateway.
    ///   - isIgnored: whether hardly anything goes to a pool, open or not.
    func heldQueues(
        named name: (Int) -> String, where isClosed: (Int) -> Bool, ignoring isIgnored: (Int) -> Bool = { _ in false }
    ) -> [Int: [String]] {
        var open: Set<ExactText> = []
        for lane in lanes where !isClosed(lane.pool) && !isIgnored(lane.pool) {
            open.insert(ExactText(name(lane.queue)))
        }
        var held: [Int: Set<ExactText>] = [:]
        for lane in lanes where isClosed(lane.pool) {
            let queue = ExactText(name(lane.queue))
            if !open.contains(queue) { held[lane.pool, default: []].insert(queue) }
        }
        return held.mapValues { $0.map(\.text).sorted() }
    }

    /// Lanes of a queue at its gateway.
    func lanes(ofQueue queue: Int) -> [Int] { lanes.indices.filter { lanes[$0].queue == queue } }
}
