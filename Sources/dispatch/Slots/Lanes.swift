import Messages
import Queue

/// What one queue sends to one pool at one gateway, in one tier, is a *lane*; lanes are numbered from 0.
///
/// Queues at gateways have numbers (`Gateways`), and pools (`Pools`). Messages name pools and tiers: a queue at its gateway may
/// always have one lane, but only `most` lanes are told apart in all.
///
/// What was decided before it came has lanes of its own, one for each queue: it goes to no gateway and no pool.
struct Lanes {
    private struct Lane: Hashable {
        /// At its gateway; of what is decided: the queue alone.
        let queue: Int
        /// `noPool`: what is decided.
        let pool: Int
        let tier: Int
    }

    /// Beyond so many, what a queue sends is all in its first lane.
    static let most = 2048
    private static let noPool = -1

    private var lanes: [Lane] = []
    private var fastest: [FastestAnswer] = []
    private var numbers: [Lane: Int] = [:]
    /// The first of each queue.
    private var first: [Int: Int] = [:]
    /// Asked for last: the next one is often the same.
    private var recent: (lane: Lane, number: Int)?
    /// Of what is decided.
    private var queues = QueueNumbers()

    /// The lane of requests of a queue at a gateway for a pool, opened if it is new.
    mutating func lane(queue: Int, pool: Int, tier: Int) -> Int {
        let lane = Lane(queue: queue, pool: pool, tier: tier)
        if let recent, recent.lane == lane { return recent.number }
        let number = numbers[lane] ?? open(lane)
        recent = (lane, number)
        return number
    }

    /// The lane of requests of a queue that need no attempt: nothing of it ever waits.
    mutating func lane(ofDecided queue: String) -> Int {
        let lane = Lane(queue: queues[queue], pool: Self.noPool, tier: 0)
        return numbers[lane] ?? add(lane)
    }

    private mutating func open(_ lane: Lane) -> Int {
        if lanes.count >= Self.most, let first = first[lane.queue] { return first }
        let number = add(lane)
        if first[lane.queue] == nil { first[lane.queue] = number }
        return number
    }

    private mutating func add(_ lane: Lane) -> Int {
        let number = lanes.count
        numbers[lane] = number
        lanes.append(lane)
        fastest.append(FastestAnswer())
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

    /// By pool: the names of queues that go there of which nothing more is wanted, since the pool is closed or the lane full;
    /// only those that have no other lane.
    ///
    /// - Parameters:
    ///   - name: of a queue at its gateway.
    ///   - isClosed: whether a pool is.
    ///   - isFull: whether a lane is.
    ///   - isIgnored: whether hardly anything goes to a pool, open or not.
    func heldQueues(
        named name: (Int) -> String, where isClosed: (Int) -> Bool, isFull: (Int) -> Bool = { _ in false },
        ignoring isIgnored: (Int) -> Bool = { _ in false }
    ) -> [Int: [String]] {
        var open: Set<ExactText> = []
        var held: [Int: Set<ExactText>] = [:]
        for (index, lane) in lanes.enumerated() where lane.pool != Self.noPool {
            let queue = ExactText(name(lane.queue))
            if isClosed(lane.pool) || isFull(index) {
                held[lane.pool, default: []].insert(queue)
            } else if !isIgnored(lane.pool) {
                open.insert(queue)
            }
        }
        return held.mapValues { $0.subtracting(open).map(\.text).sorted() }.filter { !$0.value.isEmpty }
    }

    /// Lanes of a queue at its gateway.
    func lanes(ofQueue queue: Int) -> [Int] {
        lanes.indices.filter { lanes[$0].queue == queue && lanes[$0].pool != Self.noPool }
    }
}
