import Logging
import Messages
import Queue
import Redis
import RedisPubSub

/// The work of the thread, one turn after the other.
struct IntakeLoop {
    private let settings: RedisPubSubSettings
    private let waiters: LeaseWaiters
    private let subscriber: RedisSubscriber
    private let marks: String
    private var claims: RedisPubSubClaims
    private var numbering = Numbering()
    private var gapLog: GapLog
    private var arrivals = Arrivals()
    /// To be handed to the script, in this order; each stays here until it is known to be done.
    private var batches: [Arrivals.Batch] = []
    private var asides: Asides
    private var delay = ReconnectDelay()
    private var nextLook = ContinuousClock.now
    /// Earliest time of the next scan of the retry set, which several queues may share.
    private var nextScan = ContinuousClock.now
    private var foreign = 0
    private var passStarted: ContinuousClock.Instant?
    /// The server answers and refuses calls; true until a call succeeds.
    private var isRefused = false
    private var gaps: Gaps
    private var turnStarted = ContinuousClock.now
    private var turnLimit = Duration.zero
    /// The number of the last subscription that `noteSubscription` has handled.
    private var noted = 0

    init(url: RedisURL, queue: QueueSettings, settings: RedisPubSubSettings, waiters: LeaseWaiters, logger: Logger) {
        self.settings = settings
        self.waiters = waiters
        marks = RedisPubSubKeys(retrySet: queue.retryQueue).heard(queue.name)
        subscriber = RedisSubscriber(
            url, channel: queue.name, marks: settings.deduplicate ? marks : nil, readAhead: settings.maxUnread)
        gapLog = GapLog(queue: queue.name, logger: logger)
        claims = RedisPubSubClaims(client: RedisClient(url), queue: queue, settings: settings)
        asides = Asides(queue: queue.name, logger: logger)
        gaps = Gaps(hold: settings.holdAfterGap, now: .now)
    }

    mutating func turn() {
        do throws(RedisError) {
            try listen()
            guard subscriber.isSubscribed else { return }
            try connectClaims()
            guard subscriber.isSubscribed else { return }
            try noteSubscription()
            try work()
            if !isRefused || waiters.isAwaited { waiters.connected() }
        } catch {
            waiters.failed(QueueError(error))
            isRefused = error.kind == .answer
            // Without a connection, the clients delay the next attempt themselves.
            if error.kind == .answer { pause(for: delay.next()) }
        }
    }

    /// Unsubscribes, and puts back messages that were received until then and could not be handed out.
    mutating func leave() {
        let end = ContinuousClock.now + Self.leaving
        var impatient = settings
        impatient.patience = .zero
        do throws(RedisError) { try subscriber.unsubscribe() } catch {}
        while ContinuousClock.now < end {
            do throws(RedisError) {
                if hears { try hear() }
                try putBack(impatient)
                if !hears { break }
            } catch {
                if error.kind == .answer { waiters.wakeUp.wait(for: .milliseconds(100)) }
            }
        }
        let left = arrivals.count + batches.reduce(0) { $0 + $1.messages.count }
        let dropped = asides.leave(left, now: .now)
        waiters.count { $0.dropped += dropped }
    }

    /// Whether messages may come that were published before it unsubscribed.
    private var hears: Bool { subscriber.isSubscribed && !subscriber.hasLeft }

    private mutating func hear() throws(RedisError) {
        let messages = try subscriber.wait(
            for: .milliseconds(100), count: settings.maxWaiting, bytes: settings.maxWaitingBytes,
            wakeUp: waiters.wakeUp)
        let heard = take(messages)
        waiters.count { $0.heard += heard }
    }

    private mutating func putBack(_ settings: RedisPubSubSettings) throws(RedisError) {
        try carryOut()
        while let batch = arrivals.next(demand: 0, settings: settings, now: .now, owner: { claims.makeOwner() }) {
            batches.append(batch)
            try carryOut()
        }
    }

    /// For how long it reads messages that were published before it unsubscribed, at most.
    private static let leaving = Duration.seconds(5)

    /// Waits for messages, for the next due time, or to be woken.
    private mutating func listen() throws(RedisError) {
        let before = subscriber.subscriptions
        let (room, bytes) = room()
        turnLimit = timeout(hasRoom: room > 0 && bytes > 0)
        turnStarted = .now
        var messages: [RedisMessage] = []
        do throws(RedisError) {
            messages = try subscriber.wait(
                for: turnLimit, count: max(0, room), bytes: max(0, bytes), wakeUp: waiters.wakeUp)
        } catch {
            if before > 0, error.kind == .connection {
                gapLog.hearing.ended(error.reason, isAlone: claims.client.isAlive, now: .now)
            }
            throw error
        }
        // Until a mark comes, and where publishing one is not permitted, messages have names that no other process
        // uses.
        if subscriber.subscriptions != before { numbering.begin(claims.makeOwner()) }
        let heard = take(messages)
        waiters.count {
            $0.heard += heard
            $0.subscriptions = subscriber.subscriptions
        }
        if subscriber.subscriptions != before, before > 0 { gaps.happened(now: .now) }
    }

    /// How many messages more, and bytes of them, may be here.
    private func room() -> (messages: Int, bytes: Int) {
        if !batches.isEmpty { return (0, 0) }
        return (settings.maxWaiting * 2 - arrivals.count, settings.maxWaitingBytes * 2 - arrivals.bytes)
    }

    /// - Returns: how many of the messages are requests.
    private mutating func take(_ messages: [RedisMessage]) -> Int {
        let now = ContinuousClock.now
        var count = 0
        for message in messages {
            if ExactText(message.channel) == ExactText(marks) {
                if let mark = RedisSubscriber.mark(message.bytes) { numbering.begin(mark) }
            } else {
                count += 1
                arrivals.append(Arrivals.Message(bytes: message.bytes, heardAt: now, place: numbering.next()))
            }
        }
        return count
    }

    /// After the channel was subscribed to: logs missed messages, and how many others are subscribed.
    private mutating func noteSubscription() throws(RedisError) {
        guard noted != subscriber.subscriptions else { return }
        let server = try claims.server().facts
        noted = subscriber.subscriptions
        let gap = gapLog.began(server, subscriber, now: .now)
        guard let gap else { return }
        waiters.count {
            $0.gaps += 1
            $0.overflows += gap.cause.isOverflow ? 1 : 0
            $0.deafMilliseconds += gap.duration.milliseconds
        }
    }

    private func timeout(hasRoom: Bool) -> Duration {
        // While it is not subscribed, only the next connection attempt ends the wait.
        if !subscriber.isSubscribed { return .seconds(60) }
        if !hasRoom { return .zero }
        let now = ContinuousClock.now
        var end = now + .seconds(60)
        if waiters.demand > 0 { end = arrivals.isEmpty ? nextLook : now }
        if let oldest = arrivals.oldest { end = min(end, oldest + settings.patience) }
        if let next = asides.next { end = min(end, next) }
        return max(.zero, end - now)
    }

    /// The first connection to a server that was started a moment ago, and every connection after the first, is a gap.
    private mutating func connectClaims() throws(RedisError) {
        let before = claims.client.connections
        try claims.client.connect()
        guard claims.client.connections != before else { return }
        if before > 0 {
            gaps.happened(now: .now)
            follow()
        } else if let uptime = try claims.server().uptime, uptime < settings.holdAfterGap {
            gaps.happened(now: .now - uptime)
        }
    }

    /// Moves the subscription to the server of the claims: after a failover the old server keeps its subscribers.
    private mutating func follow() {
        guard let address = claims.client.address, subscriber.isSubscribed, address != subscriber.address else {
            return
        }
        subscriber.leave(for: address)
        gapLog.hearing.ended("the server moved", isAlone: false, now: .now)
    }

    private mutating func work() throws(RedisError) {
        try carryOut()
        try tryAsides()
        if waiters.takeMustLook() { nextLook = .now }
        var found: [Delivery] = []
        if waiters.demand > 0, ContinuousClock.now >= nextLook { found = try look() }
        handOut(found)
        while true {
            let next = arrivals.next(demand: waiters.demand, settings: settings, now: .now) { claims.makeOwner() }
            guard let next else { return }
            batches.append(next)
            try carryOut()
        }
    }

    private mutating func look() throws(RedisError) -> [Delivery] {
        let start = ContinuousClock.now
        gaps.waited(from: turnStarted, to: start, limit: turnLimit)
        let looks = start >= nextScan
        if looks, passStarted == nil { (passStarted, foreign) = (start, 0) }
        let due = try claims.claimDue(limit: waiters.demand, looks: looks, takeOver: !gaps.holds(at: start))
        accepted()
        foreign += due.foreign
        let now = ContinuousClock.now
        let hasEnded = looks && due.isComplete
        if hasEnded {
            // A retry set full of other queues' entries is costly to scan: one tenth of the time at most.
            nextScan = now + max(settings.lookInterval, (now - (passStarted ?? start)) * 9)
            passStarted = nil
        }
        if let strange = due.strange { nextScan = min(nextScan, now + strange) }
        waiters.count {
            $0.takenOver += due.takenOver
            if hasEnded { $0.foreign = foreign }
        }
        nextLook =
            due.isComplete ? min(now + min(due.wait ?? settings.lookInterval, settings.lookInterval), nextScan) : now
        return due.deliveries
    }

    /// Hands batches to the script, oldest first.
    ///
    /// A refused batch is halved until the message at fault is alone. The server is not the cause if it then accepts
    /// the message's number without its body. Such a message waits in `asides`.
    private mutating func carryOut() throws(RedisError) {
        while let batch = batches.first {
            batches[0].isRepeated = true
            let wasConnected = claims.client.isConnected
            let result: RedisPubSubClaims.Claimed
            do throws(RedisError) {
                result = try claims.claim(batch)
            } catch {
                if error.kind == .connection, wasConnected { batches[0].breaks += 1 }
                guard Self.mayBeOfOne(error, batches[0]) else { throw error }
                guard batch.messages.count == 1 else {
                    batches.replaceSubrange(0..<1, with: batches[0].halves)
                    continue
                }
                let reason = error.description
                claims.client.close()
                let set = try claims.claim(batches[0], aside: true)
                settle(set)
                for message in set.aside {
                    let dropped = asides.add(message, owner: claims.makeOwner(), reason: reason, now: .now)
                    waiters.count { $0.dropped += dropped }
                }
                continue
            }
            settle(result)
        }
    }

    /// Whether one message of a batch may be the cause of the refusal.
    private static func mayBeOfOne(_ error: RedisError, _ batch: Arrivals.Batch) -> Bool {
        switch error.kind {
        case .answer: error.refusal.mayBeOfOne
        // Not by chance: no other cause ends the connection each time.
        case .connection: batch.breaks >= 3
        case .settings, .cancelled: false
        }
    }

    /// The first batch is done.
    private mutating func settle(_ result: RedisPubSubClaims.Claimed) {
        batches.removeFirst()
        accepted()
        note(result)
    }

    private mutating func note(_ result: RedisPubSubClaims.Claimed) {
        waiters.count {
            $0.duplicates += result.duplicates
            $0.overflowed += result.parked
        }
        if result.parked > 0 { nextLook = .now }
        handOut(result.deliveries)
    }

    /// Retries to store messages that were refused alone; no other ingest takes them.
    private mutating func tryAsides() throws(RedisError) {
        while let batch = asides.due(now: .now) {
            do throws(RedisError) {
                note(try claims.claim(batch))
                asides.stored()
            } catch {
                let dropped = asides.refused(error.description, now: .now)
                waiters.count { $0.dropped += dropped }
                guard error.kind == .answer else { throw error }
                claims.client.close()
            }
        }
    }

    private mutating func accepted() {
        isRefused = false
        delay.reset()
    }

    /// Requests that no caller waits for any more are given back; if that fails, their leases expire.
    private mutating func handOut(_ deliveries: [Delivery]) {
        let left = waiters.deliver(deliveries)
        if left.isEmpty { return }
        release(left)
    }

    private mutating func release(_ deliveries: [Delivery]) {
        do throws(RedisError) { try claims.release(deliveries) } catch { waiters.failed(QueueError(error)) }
        nextLook = .now
    }

    private func pause(for time: Duration) {
        let end = ContinuousClock.now + time
        while !waiters.isClosed, case let left = end - ContinuousClock.now, left > .zero {
            waiters.wakeUp.wait(for: left)
        }
    }
}
