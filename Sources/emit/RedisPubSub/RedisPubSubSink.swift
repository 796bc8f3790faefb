import Messages
package import Queue
package import Redis

/// Results published on Redis channels: `redis-pubsub`'s result side.
///
/// One sink serves all queues of one server: what belongs to a request is found by its receipt. Each settlement is a call
/// of its own, all in one round trip.
package actor RedisChannelSink: ResultSink {
    private let thread = QueueThread(name: "redis-results")
    private let client: RedisClient
    private let defaultChannel: String
    private var store = RedisStore(.redisPubSub)
    /// Channels that the settings name: what is wrong with them is no message's fault.
    private let ourChannels: Set<String>
    /// Channels and keys that carry requests.
    private var reserved: ReservedNames
    private var divided = DividedCalls()
    private var state = QueueHealth.unreachable(reason: "not connected yet")
    private var letterLimits = LetterLimits()

    package nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    /// - Parameters:
    ///   - defaultChannel: Where results go that name no destination.
    ///   - queues: those known from the settings, with their own result channels.
    package init(url: RedisURL, defaultChannel: String = "result-queue", queues: [QueueSettings] = []) {
        client = RedisClient(url)
        self.defaultChannel = defaultChannel
        ourChannels = Set([defaultChannel] + queues.compactMap(\.resultDestination))
        reserved = ReservedNames(.channels, queues)
    }

    package func connect() throws(QueueError) {
        try noting { () throws(RedisError) in _ = try client.send(RedisCommand("PING")) }
    }

    package func settle(_ batch: [Settlement]) throws(QueueError) -> [SettlementStatus] {
        try noting { () throws(RedisError) in
            try client.connect()
            let claims = batch.map { ClaimReceipt($0.receipt) }
            for claim in claims { if let claim { reserved.insert(claim.queue, claim.retrySet) } }
            let problems = batch.map(problem)
            let calls = batch.indices.filter { claims[$0] != nil && problems[$0] == nil }.map { [$0] }
            var statuses = try divided.settle(batch, calls) { round throws(RedisError) in
                try answers(to: round.map { $0[0] }, claims, of: batch)
            }
            letterLimits.note(batch, statuses)
            for (index, problem) in problems.enumerated() where claims[index] != nil {
                if let problem { statuses[index] = .refused(reason: problem) }
            }
            return statuses
        }
    }

    package func identity() async throws(QueueError) -> StoreAnswer {
        do throws(RedisError) { return try store.identity(client) } catch { throw QueueError(error) }
    }

    /// Not while something waits that is nobody's business but ours.
    package func health() -> QueueHealth {
        if state == .reachable, let trouble = divided.trouble { return .unreachable(reason: trouble) }
        return state
    }

    /// Why a result must not be published where it is wanted; `nil` if it may, or there is none.
    private func problem(_ settlement: Settlement) -> String? {
        switch settlement.action {
        case .result, .deadLetter(_, .some): reserved.problem(settlement.destination)
        case .park, .release, .deadLetter(_, nil): nil
        }
    }

    /// Makes the calls of some settlements, by their places in the batch, in one round trip.
    private func answers(
        to places: [Int], _ claims: [ClaimReceipt?], of batch: [Settlement]
    ) throws(RedisError) -> [DividedCalls.Answer] {
        let letters = try deadLetters(batch, places, claims)
        var answers = [DividedCalls.Answer](repeating: .success([.stale]), count: places.count)
        var calls: [RedisCall] = []
        var asked: [Int] = []
        for (position, index) in places.enumerated() {
            guard let claim = claims[index] else { continue }
            if case .failure(let error) = letters[index] {
                answers[position] = .success([.delayed(reason: error.description)])
                continue
            }
            calls.append(call(batch[index], claim, letter: letters[index].flatMap { try? $0.get() }))
            asked.append(position)
        }
        for (position, reply) in zip(asked, try client.run(calls)) {
            answers[position] = answer(reply, to: batch[places[position]])
        }
        return answers
    }

    private func call(_ settlement: Settlement, _ claim: ClaimReceipt, letter: [UInt8]?) -> RedisCall {
        let channel = settlement.destination.isEmpty ? defaultChannel : settlement.destination
        switch settlement.action {
        case .result(let result):
            return SettleScripts.publish(claim, to: channel, result)
        case .park(let delay, let attempts):
            return SettleScripts.park(claim, afterMilliseconds: delay, failedAttempts: attempts)
        case .release:
            return SettleScripts.release(claim)
        case .deadLetter(_, let result):
            return SettleScripts.deadLetter(claim, document: letter ?? [], channel: channel, result: result ?? [])
        }
    }

    /// What one settlement's script answered.
    private func answer(_ reply: RedisReply, to settlement: Settlement) -> DividedCalls.Answer {
        guard let reason = reply.error else { return .success([reply.integer == 1 ? .settled : .stale]) }
        let error = failure(reason)
        if error.refusal.concernsAll { return .failure(error) }
        let isNamed = !settlement.destination.isEmpty && !ourChannels.contains(settlement.destination)
        return .success([error.refusal.status(error.description, isNamed: isNamed)])
    }

    private func failure(_ reason: String) -> RedisError {
        RedisError(operation: "settle on \(client.url)", reason: reason, kind: .answer)
    }

    /// The documents for the dead letters among some settlements, or why there is none, by place in the batch; two round
    /// trips if there are any.
    private func deadLetters(
        _ batch: [Settlement], _ places: [Int], _ claims: [ClaimReceipt?]
    ) throws(RedisError) -> [Int: Result<[UInt8], RedisError>] {
        var wanted: [(index: Int, reason: String, claim: ClaimReceipt)] = []
        var commands = [RedisCommand("TIME")]
        var calls: [RedisCall] = []
        for index in places {
            guard case .deadLetter(let reason, _) = batch[index].action, let claim = claims[index] else { continue }
            wanted.append((index, reason, claim))
            calls.append(DeadLetterBody.call(claim.keys.claimed, claim.id))
            commands.append(RedisCommand("HGET", claim.keys.deliveries, claim.id))
        }
        if wanted.isEmpty { return [:] }
        let bodies = try client.run(calls)
        let replies = try client.send(commands)
        let time = replies[0].array?.first?.integer ?? wallClock() / 1000
        var letters: [Int: Result<[UInt8], RedisError>] = [:]
        for (position, (index, reason, claim)) in wanted.enumerated() {
            let (body, deliveries) = (bodies[position], replies[position + 1])
            if let reason = body.error ?? deliveries.error {
                letters[index] = .failure(failure(reason))
                continue
            }
            guard let stored = DeadLetterBody(body) else { continue }
            let entry = StoredEntry(stored: stored.bytes)
            // Of a part nothing is known but its bytes.
            let isWhole = stored.bytes.count == stored.size
            letters[index] = .success(
                DeadLetterDocument(
                    queue: claim.queue, id: batch[index].id, reason: reason, time: time,
                    deliveries: Int(deliveries.integer ?? 0), attempts: entry.retryCount,
                    body: isWhole ? entry.document(queue: JSONObject.quoted(claim.queue)) : stored.bytes,
                    size: isWhole ? nil : stored.size
                ).encoded(atMost: letterLimits[batch[index].receipt]))
        }
        return letters
    }

    /// Remembers whether the server answered.
    private func noting<T>(_ body: () throws(RedisError) -> T) throws(QueueError) -> T {
        do throws(RedisError) {
            let value = try body()
            state = .reachable
            return value
        } catch {
            state = .unreachable(reason: error.description)
            throw QueueError(error)
        }
    }
}
