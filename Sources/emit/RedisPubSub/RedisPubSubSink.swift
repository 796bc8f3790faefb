import Messages
package import Queue
package import Redis
import RedisPubSub
import RedisQueues

/// Results published on Redis channels: `redis-pubsub`'s result side.
///
/// One sink serves all queues of one server: the keys of a request are found by its receipt. Each settlement is a call
/// of its own, all in one round trip.
package actor RedisPubSubSink: ResultSink {
    private let thread = QueueThread(name: "redis-results")
    private let client: RedisClient
    private let defaultChannel: String
    private var store = RedisStore(.redisPubSub)
    /// Channels that the settings name: what is wrong with them is no message's fault.
    private let ourChannels: Set<ExactText>
    /// Channels and keys that carry requests.
    private var reserved: ReservedNames
    private var served = ServedPlaces()
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
        ourChannels = Set(([defaultChannel] + queues.compactMap(\.resultDestination)).map(ExactText.init))
        reserved = ReservedNames(.channels, queues)
    }

    package func connect() throws(QueueError) {
        try state.note { () throws(RedisError) in _ = try client.send(RedisCommand("PING")) }
    }

    package func settle(_ batch: [Settlement]) throws(QueueError) -> [SettlementStatus] {
        try state.note { () throws(RedisError) in
            try client.connect()
            let claims = batch.map { RedisPubSubReceipt($0.receipt) }
            for claim in claims { if let claim { reserved.insert(claim.queue, claim.retrySet) } }
            try served.look(for: batch.filter(isNamed).map(\.destination), client)
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

    /// Unhealthy also while a settlement waits for a problem that the operator has to fix.
    package func health() -> QueueHealth {
        if state == .reachable, let trouble = divided.trouble { return .unreachable(reason: trouble) }
        return state
    }

    /// Why a result must not be published to its destination; `nil` if it may, or there is no result.
    private func problem(_ settlement: Settlement) -> String? {
        switch settlement.action {
        case .result, .deadLetter(_, .some):
            reserved.problem(settlement.destination)
                ?? (served.holdsRequests(settlement.destination) ? ReservedNames.reason(settlement.destination) : nil)
        case .park, .release, .deadLetter(_, nil): nil
        }
    }

    /// Makes the calls of some settlements, by their places in the batch, in one round trip.
    private func answers(
        to places: [Int], _ claims: [RedisPubSubReceipt?], of batch: [Settlement]
    ) throws(RedisError) -> [DividedCalls.Answer] {
        let requests = places.compactMap { index in
            claims[index].flatMap {
                DeadLetterRequest(
                    place: index, settlement: batch[index], queue: $0.queue, body: ($0.keys.claimed, $0.id),
                    counts: ($0.keys.deliveries, $0.id))
            }
        }
        let letters = try client.deadLetters(requests, limits: letterLimits) { document, deliveries in
            let entry = StoredEntry(stored: document.body)
            (document.attempts, document.deliveries) = (entry.retryCount, Int(deliveries.integer ?? 0))
            // Of a truncated body only its bytes are known.
            guard document.body.count == document.size else { return }
            document.body = entry.document(queue: JSONObject.quoted(document.queue))
            document.size = document.body.count
        }
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

    private func call(_ settlement: Settlement, _ claim: RedisPubSubReceipt, letter: [UInt8]?) -> RedisCall {
        let channel = settlement.destination.isEmpty ? defaultChannel : settlement.destination
        switch settlement.action {
        case .result(let result):
            return RedisPubSubScripts.publish(claim, to: channel, result)
        case .park(let delay, let attempts):
            return RedisPubSubScripts.park(claim, afterMilliseconds: delay, failedAttempts: attempts)
        case .release:
            return RedisPubSubScripts.release(claim)
        case .deadLetter(_, let result):
            return RedisPubSubScripts.deadLetter(claim, document: letter ?? [], channel: channel, result: result ?? [])
        }
    }

    /// The answer of one settlement's script.
    private func answer(_ reply: RedisReply, to settlement: Settlement) -> DividedCalls.Answer {
        guard let reason = reply.error else { return .success([reply.integer == 1 ? .settled : .stale]) }
        let error = failure(reason)
        if error.refusal.concernsAll { return .failure(error) }
        return .success([error.refusal.status(error.description, isNamed: isNamed(settlement))])
    }

    /// Whether the message itself said where its result goes.
    private func isNamed(_ settlement: Settlement) -> Bool {
        !settlement.destination.isEmpty && !ourChannels.contains(ExactText(settlement.destination))
    }

    private func failure(_ reason: String) -> RedisError {
        RedisError(operation: "settle on \(client.url)", reason: reason, kind: .answer)
    }
}
