import HeapModule
import Pools
import Primitives

/// A pool and a gateway on a clock of their own: who sends as soon as it may, and what is answered or refused.
///
/// Deterministic: the generator has a seed.
struct PoolRun {
    /// How the gateway treats a request that arrives.
    enum Gateway {
        /// So many per second, each after the same pause, as a leaky bucket without a burst; times in whole milliseconds.
        case rate(Double)
        /// So many at once, and so many that wait; the others are told to come back after so many seconds.
        case places(Int, queue: Int = 0, retryAfter: Double? = nil)
        /// Every answer takes longer the more there are: `steps · t0 / (1 − load · active)`.
        case engine(t0: Double, load: Double)
        case never(retryAfter: Double?)
        /// Refuses such a part of all, whatever is sent.
        case moody(Double)
    }

    private struct Event: Comparable {
        enum Kind { case arrives, refused, ended, worked }

        let at: Double
        let order: Int
        let kind: Kind
        let client: Int
        let sent: Double

        static func < (one: Event, other: Event) -> Bool { (one.at, one.order) < (other.at, other.order) }
        static func == (one: Event, other: Event) -> Bool { one.order == other.order }
    }

    var gateway: Gateway
    /// Seconds of work, with a spread of such a part of it to both sides.
    var service = 0.1
    var spread = 0.5
    var steps = 20.0
    /// The way to the gateway takes up to so long.
    var jitter = 0.001
    var pools: [Pool]
    private(set) var now = 0.0
    private(set) var answered = 0
    private(set) var refused = 0
    private(set) var mostActive = 0
    /// Answers of each client, and what its limit was, once a second.
    private(set) var answeredBy: [Int]
    private(set) var activeOverTime: [Double] = []
    /// Each hears what the others have measured.
    var talks = false
    /// Load of others at the engine, by time.
    var others: (Double) -> Double = { _ in 0 }

    private var random: SplitMix64
    private var events = Heap<Event>()
    private var order = 0
    private var active: [Int]
    private var busy = 0
    private var queued: [(client: Int, sent: Double)] = []
    private var excess = 0.0
    private var lastTaken: Double?

    init(_ gateway: Gateway, pools: [Pool], seed: UInt64 = 1) {
        self.gateway = gateway
        self.pools = pools
        random = SplitMix64(seed: seed)
        active = pools.map { _ in 0 }
        answeredBy = active
    }

    /// Sends for so many seconds all that may go.
    mutating func run(for seconds: Double) {
        let end = now + seconds
        var tick = now
        while now < end {
            for client in pools.indices { send(client) }
            let wakeUps = pools.compactMap { $0.nextStart(after: now) }
            // Timers are exact to a fraction of a millisecond.
            let next = min(tick, events.min?.at ?? end, wakeUps.min().map { $0 + 0.0002 } ?? end)
            now = max(now, min(next, end))
            if now >= tick {
                tick = now + 0.25
                activeOverTime.append(Double(active.reduce(0, +)))
                for client in pools.indices { _ = pools[client].look(at: now, wallClock: now + 100) }
                let least = talks ? pools.compactMap(\.ownBase).min() : nil
                for client in pools.indices { pools[client].heardBase = least }
            }
            while let event = events.min, event.at <= now {
                events.removeMin()
                handle(event)
            }
        }
    }

    private mutating func unit() -> Double { Double.random(in: 0..<1, using: &random) }

    private var serviceTime: Double {
        mutating get { service * (1 - spread + 2 * spread * unit()) }
    }

    private mutating func schedule(_ kind: Event.Kind, after delay: Double, _ client: Int, sent: Double) {
        order += 1
        events.insert(Event(at: now + delay, order: order, kind: kind, client: client, sent: sent))
    }

    private mutating func send(_ client: Int) {
        while pools[client].mayStart(at: now) {
            pools[client].started(at: now)
            active[client] += 1
            mostActive = max(mostActive, active[client])
            schedule(.arrives, after: 0.0003 + jitter * unit(), client, sent: now)
        }
    }

    private mutating func handle(_ event: Event) {
        switch event.kind {
        case .arrives: arrive(event)
        case .refused:
            refused += 1
            active[event.client] -= 1
            end(event, .refused(request: event.order, retryAfter: retryAfter))
        case .worked:
            busy -= 1
            if !queued.isEmpty {
                let next = queued.removeFirst()
                work(next.client, sent: next.sent)
            }
            fallthrough
        case .ended:
            answered += 1
            answeredBy[event.client] += 1
            active[event.client] -= 1
            end(event, .answered(.init(source: .usage, promptTokens: 0, completionTokens: steps - 1)))
        }
    }

    private var retryAfter: Double? {
        switch gateway {
        case .places(_, _, let retryAfter), .never(let retryAfter): retryAfter
        case .rate, .engine, .moody: nil
        }
    }

    private mutating func end(_ event: Event, _ outcome: AttemptEnd.Outcome) {
        let random = unit()
        _ = pools[event.client].ended(AttemptEnd(sent: event.sent, outcome: outcome), at: now, random: random)
        _ = pools[event.client].look(at: now, wallClock: now + 100)
    }

    private mutating func arrive(_ event: Event) {
        switch gateway {
        case .rate(let rate):
            let time = (now * 1000).rounded(.down)
            let filled = lastTaken.map { max(0, excess - rate * (time - $0) / 1000 + 1) } ?? 0
            guard filled <= 0 else { return schedule(.refused, after: 0.0003, event.client, sent: event.sent) }
            (excess, lastTaken) = (filled, time)
            schedule(.ended, after: serviceTime, event.client, sent: event.sent)
        case .places(let places, let queue, _):
            if busy < places {
                work(event.client, sent: event.sent)
            } else if queued.count < queue {
                queued.append((event.client, event.sent))
            } else {
                schedule(.refused, after: 0.0003, event.client, sent: event.sent)
            }
        case .engine(let t0, let load):
            let total = min(0.95, load * Double(active.reduce(0, +)) + others(now))
            schedule(
                .ended, after: steps * t0 / (1 - total) * (0.9 + 0.2 * unit()), event.client, sent: event.sent)
        case .moody(let share):
            guard unit() >= share else { return schedule(.refused, after: 0.0003, event.client, sent: event.sent) }
            schedule(.ended, after: serviceTime, event.client, sent: event.sent)
        case .never: schedule(.refused, after: 0.0003, event.client, sent: event.sent)
        }
    }

    private mutating func work(_ client: Int, sent: Double) {
        busy += 1
        schedule(.worked, after: serviceTime, client, sent: sent)
    }
}
