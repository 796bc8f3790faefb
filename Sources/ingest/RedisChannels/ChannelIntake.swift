import Foundation
import Queue
import Redis
import Synchronization

/// The thread of a source: listens to the channel, claims, looks after the retry set.
final class ChannelIntake: Sendable {
    private let url: RedisURL
    private let queue: QueueSettings
    private let settings: RedisChannelSettings
    private let desk: LeaseDesk
    private let isStarted = Atomic(false)

    init(url: RedisURL, queue: QueueSettings, settings: RedisChannelSettings, desk: LeaseDesk) {
        self.url = url
        self.queue = queue
        self.settings = settings
        self.desk = desk
    }

    /// Starts the thread, once; it ends when the desk is closed.
    func start() {
        guard !isStarted.exchange(true, ordering: .relaxed) else { return }
        let (url, queue, settings, desk) = (url, queue, settings, desk)
        let thread = Thread {
            var loop = IntakeLoop(url: url, queue: queue, settings: settings, desk: desk)
            while !desk.isClosed { loop.turn() }
            loop.leave()
        }
        thread.name = "redis-\(queue.name)"
        thread.start()
    }
}

/// What the thread does, one turn after the other.
struct IntakeLoop {
    private let settings: RedisChannelSettings
    private let desk: LeaseDesk
    private let subscriber: RedisSubscriber
    private var claims: ClaimDesk
    private var arrivals = Arrivals()
    /// Handed to the script, and not known to be done.
    private var batch: Arrivals.Batch?
    private var delay = ReconnectDelay()
    private var nextLook = ContinuousClock.now
    private var foreign = 0
    private var passStarted: ContinuousClock.Instant?
    /// The server is there and does not do what it is asked; true until it has done something.
    private var isRefused = false
    private var gaps: Gaps
    private var turnStarted = ContinuousClock.now
    private var turnLimit = Duration.zero

    init(url: RedisURL, queue: QueueSettings, settings: RedisChannelSettings, desk: LeaseDesk) {
        self.settings = settings
        self.desk = desk
        subscriber = RedisSubscriber(url, channel: queue.name)
        claims = ClaimDesk(client: RedisClient(url), queue: queue, settings: settings)
        gaps = Gaps(hold: settings.holdAfterGap, now: .now)
    }

    mutating func turn() {
        do throws(RedisError) {
            try listen()
            guard subscriber.isSubscribed else { return }
            try connectClaims()
            try work()
            if !isRefused || desk.isAwaited { desk.connected() }
        } catch {
            desk.failed(QueueError(error))
            isRefused = error.kind == .answer
            // Without a connection the next attempt is delayed by those who connect.
            if error.kind == .answer { pause(for: delay.next()) }
        }
    }

    /// Puts back what was heard and could not be handed out.
    mutating func leave() {
        guard subscriber.isSubscribed, claims.client.isConnected else { return }
        var impatient = settings
        impatient.patience = .zero
        do throws(RedisError) {
            if let batch { try release(claims.claim(batch).deliveries) }
            while let batch = arrivals.next(demand: 0, settings: impatient, now: .now, owner: { claims.makeOwner() }) {
                _ = try claims.claim(batch)
            }
        } catch {}
    }

    /// Waits for messages, for the next thing that is due, or to be woken.
    private mutating func listen() throws(RedisError) {
        let isNew = subscriber.subscriptions
        let room = batch == nil ? settings.mostWaiting * 2 - arrivals.count : 0
        turnLimit = timeout(room: room)
        turnStarted = .now
        let messages = try subscriber.wait(for: turnLimit, count: max(0, room), wakeUp: desk.wakeUp)
        let now = ContinuousClock.now
        for message in messages {
            arrivals.append(
                Arrivals.Message(
                    bytes: message.bytes, heardAt: now, subscription: subscriber.subscriptions,
                    subscribedAt: subscriber.subscribedAt))
        }
        desk.count {
            $0.heard += messages.count
            $0.subscriptions = subscriber.subscriptions
        }
        if subscriber.subscriptions != isNew, isNew > 0 { gaps.happened(now: now) }
    }

    private func timeout(room: Int) -> Duration {
        // While it is not subscribed, only the next attempt ends the wait.
        if !subscriber.isSubscribed { return .seconds(60) }
        if batch != nil || room <= 0 { return .zero }
        let now = ContinuousClock.now
        var end = now + .seconds(60)
        if desk.demand > 0 { end = arrivals.isEmpty ? nextLook : now }
        if let oldest = arrivals.oldest { end = min(end, oldest + settings.patience) }
        return max(.zero, end - now)
    }

    /// The first connection to a server that was started a moment ago, and every connection after the first, is a gap.
    private mutating func connectClaims() throws(RedisError) {
        let before = claims.client.connections
        try claims.client.connect()
        guard claims.client.connections != before else { return }
        if before > 0 {
            gaps.happened(now: .now)
        } else if let uptime = try claims.uptime(), uptime < settings.holdAfterGap {
            gaps.happened(now: .now - uptime)
        }
    }

    private mutating func work() throws(RedisError) {
        if let batch { try carryOut(batch) }
        if desk.takeMustLook() { nextLook = .now }
        var found: [Delivery] = []
        if desk.demand > 0, ContinuousClock.now >= nextLook { found = try look() }
        handOut(found)
        while true {
            let next = arrivals.next(demand: desk.demand, settings: settings, now: .now) { claims.makeOwner() }
            guard let next else { return }
            try carryOut(next)
        }
    }

    private mutating func look() throws(RedisError) -> [Delivery] {
        let start = ContinuousClock.now
        gaps.waited(from: turnStarted, to: start, limit: turnLimit)
        if passStarted == nil { (passStarted, foreign) = (start, 0) }
        let due = try claims.claimDue(limit: desk.demand, takeOver: !gaps.holds(at: start))
        accepted()
        foreign += due.foreign
        desk.count {
            $0.takenOver += due.takenOver
            if due.isComplete { $0.foreign = foreign }
        }
        let now = ContinuousClock.now
        if due.isComplete {
            // A retry set full of other queues' entries is costly to look through: one tenth of the time at most.
            let pass = now - (passStarted ?? start)
            passStarted = nil
            let wait = min(due.wait ?? settings.lookInterval, settings.lookInterval)
            nextLook = now + (due.deliveries.isEmpty ? max(wait, pass * 9) : wait)
        } else {
            nextLook = now
        }
        return due.deliveries
    }

    private mutating func carryOut(_ batch: Arrivals.Batch) throws(RedisError) {
        self.batch = batch
        self.batch?.isRepeated = true
        let result = try claims.claim(batch)
        self.batch = nil
        accepted()
        desk.count {
            $0.duplicates += result.duplicates
            $0.overflowed += result.parked
        }
        if result.parked > 0 { nextLook = .now }
        handOut(result.deliveries)
    }

    private mutating func accepted() {
        isRefused = false
        delay.reset()
    }

    /// What nobody waits for any more is given back; failing that it expires.
    private mutating func handOut(_ deliveries: [Delivery]) {
        let left = desk.deliver(deliveries)
        if left.isEmpty { return }
        release(left)
    }

    private mutating func release(_ deliveries: [Delivery]) {
        do throws(RedisError) { try claims.release(deliveries) } catch { desk.failed(QueueError(error)) }
        nextLook = .now
    }

    private func pause(for time: Duration) {
        let end = ContinuousClock.now + time
        while !desk.isClosed, case let left = end - ContinuousClock.now, left > .zero { desk.wakeUp.wait(for: left) }
    }
}
