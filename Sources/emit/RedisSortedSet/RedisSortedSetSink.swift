package import Logging
import Messages
package import Queue
package import Redis
import RedisQueues
import RedisSortedSet

/// Results put on Redis lists: `redis-sortedset`'s result side.
///
/// One sink serves all queues of one server: the keys of a request are found by its receipt. A batch is one script per
/// queue, all in one round trip.
package actor RedisSortedSetSink: ResultSink {
    private let thread = QueueThread(name: "redis-results")
    private let client: RedisClient
    private let defaultList: String
    private let script: RedisScript
    private var store = RedisStore(.redisSortedSet)
    private var state = QueueHealth.unreachable(reason: "not connected yet")
    private var askedAt = ContinuousClock.now
    private var divided = DividedCalls()
    /// Lists that the settings name: what is wrong with them is no message's fault.
    private let ourLists: Set<ExactText>
    /// Keys that hold requests.
    private var reserved: ReservedNames
    private var served = ServedPlaces()
    /// What was found of the last destination: most go to the same.
    private var lastChecked: (name: String, problem: String?)?
    private let logger: Logger
    private var warnings: Set<String> = []
    private var letterLimits = LetterLimits()
    private static let maxWarnings = 100

    package nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    /// - Parameters:
    ///   - defaultList: Where results go that name no destination.
    ///   - queues: those known from the settings, with their own result lists.
    ///   - logger: for missing permissions.
    ///   - script: the standard one, except in tests.
    package init(
        url: RedisURL, defaultList: String = "result-list", queues: [QueueSettings] = [],
        logger: Logger = Logger(label: "redis-results") { _ in SwiftLogNoOpLogHandler() },
        script: RedisScript = RedisSortedSetScript.settle
    ) {
        self.logger = logger
        client = RedisClient(url)
        self.defaultList = defaultList
        ourLists = Set(([defaultList] + queues.compactMap(\.resultDestination)).map(ExactText.init))
        reserved = ReservedNames(.keys, queues)
        self.script = script
    }

    package func connect() throws(QueueError) {
        try noting { () throws(RedisError) in
            try client.check()
            divided = DividedCalls()
            if let missing = try RedisRights.settling.check(client) { warn(missing.description) }
        }
    }

    package func settle(_ batch: [Settlement]) throws(QueueError) -> [SettlementStatus] {
        try noting { () throws(RedisError) in
            try client.connect()
            let receipts = batch.map { RedisSortedSetReceipt($0.receipt) }
            if try served.look(for: namedPlaces(batch), client) { lastChecked = nil }
            var statuses = try divided.settle(batch, calls(batch, receipts)) { round throws(RedisError) in
                try answers(to: round, receipts, of: batch)
            }
            letterLimits.note(batch, statuses)
            for index in batch.indices where receipts[index] != nil {
                if let problem = problem(batch[index]) { statuses[index] = .refused(reason: problem) }
            }
            return statuses
        }
    }

    package func identity() async throws(QueueError) -> StoreAnswer {
        do throws(RedisError) { return try store.identity(client) } catch { throw QueueError(error) }
    }

    /// Asks the server if no call has for a while; unhealthy also while a settlement waits for a problem that the
    /// operator has to fix.
    package func health() -> QueueHealth {
        if ContinuousClock.now - askedAt > .seconds(2) {
            do { try noting { () throws(RedisError) in try client.check() } } catch {}
        }
        if state == .reachable, let trouble = divided.trouble { return .unreachable(reason: trouble) }
        return state
    }

    /// The places in the batch that go in one call.
    ///
    /// Settlements whose receipts are not of this queue kind are in no call, nor are results that must not be written
    /// to their destination.
    private func calls(_ batch: [Settlement], _ receipts: [RedisSortedSetReceipt?]) -> [DividedCalls.Call] {
        var calls: [DividedCalls.Call] = []
        var places: [RedisSortedSetKeys: Int] = [:]
        for (index, receipt) in receipts.enumerated() {
            guard let receipt else { continue }
            if places[receipt.keys] == nil { reserve(receipt.keys) }
            if problem(batch[index]) != nil { continue }
            var place = places[receipt.keys] ?? calls.count
            if place < calls.count, calls[place].count == RedisSortedSetSettlement.most { place = calls.count }
            if place == calls.count { calls.append([]) }
            places[receipt.keys] = place
            calls[place].append(index)
        }
        return calls
    }

    private func reserve(_ keys: RedisSortedSetKeys) {
        if reserved.insert(keys.queue, keys.retrySet) { lastChecked = nil }
    }

    /// Where messages themselves want their results, as far as it was not looked at just before.
    private func namedPlaces(_ batch: [Settlement]) -> Set<String> {
        var places: Set<String> = []
        var last = lastChecked.map { ExactText($0.name) }
        for settlement in batch where ExactText(settlement.destination) != last {
            last = ExactText(settlement.destination)
            if isNamed(settlement) { places.insert(settlement.destination) }
        }
        return places
    }

    /// Why a result must not be written where it is wanted; `nil` if it may, or there is none.
    private func problem(_ settlement: Settlement) -> String? {
        switch settlement.action {
        case .result, .deadLetter(_, .some): break
        case .park, .release, .deadLetter(_, nil): return nil
        }
        if let lastChecked, ExactText(lastChecked.name) == ExactText(settlement.destination) {
            return lastChecked.problem
        }
        let place = settlement.destination
        let problem = reserved.problem(place) ?? (served.holdsRequests(place) ? ReservedNames.reason(place) : nil)
        lastChecked = (settlement.destination, problem)
        return problem
    }

    /// Logged once for each reason.
    private func warn(_ reason: String) {
        guard warnings.count < Self.maxWarnings, warnings.insert(reason).inserted else { return }
        logger.warning(
            "The server does not let this user remove what producers keep of requests", metadata: ["error": "\(reason)"]
        )
    }

    /// Makes some calls, in one round trip.
    private func answers(
        to round: [DividedCalls.Call], _ receipts: [RedisSortedSetReceipt?], of batch: [Settlement]
    ) throws(RedisError) -> [DividedCalls.Answer] {
        let requests = round.joined().compactMap { index in
            receipts[index].flatMap {
                DeadLetterRequest(
                    place: index, settlement: batch[index], queue: $0.keys.queue,
                    body: ($0.keys.requests, $0.submission), counts: ($0.keys.state, $0.submission))
            }
        }
        let letters = try client.deadLetters(requests, limits: letterLimits) { document, state in
            let counts = (state.text ?? "").split(separator: " ").suffix(2).map { Int($0) ?? 0 }
            (document.attempts, document.deliveries) = (counts.first ?? 0, counts.last ?? 0)
        }
        var calls: [RedisCall] = []
        for call in round {
            guard let keys = call.first.flatMap({ receipts[$0] })?.keys else { continue }
            let settlements = call.compactMap { index in
                receipts[index].map { settlement(batch[index], $0, letter: letters[index]) }
            }
            calls.append(RedisSortedSetSettlement.call(script, keys: keys, settlements))
        }
        let replies = try client.run(calls)
        // Otherwise smaller results would be refused too, for as long as the connection is open.
        if replies.contains(where: { $0.error.map { RedisRefusal($0) == .memory } ?? false }) { client.disconnect() }
        return zip(round, replies).map { call, reply in
            if let reason = reply.error { return .failure(failure(reason)) }
            guard let answers = reply.array, answers.count >= call.count else {
                return .failure(failure("strange reply"))
            }
            if answers.count > call.count { warn(answers[call.count].text ?? "") }
            return .success(zip(call, answers).map { status($1, of: batch[$0], letter: letters[$0]) })
        }
    }

    /// A dead letter whose document could not be read from the server is left as it is.
    private func settlement(
        _ settlement: Settlement, _ receipt: RedisSortedSetReceipt, letter: Result<[UInt8], RedisError>?
    ) -> RedisSortedSetSettlement {
        let end: RedisSortedSetSettlement.End =
            switch (settlement.action, letter) {
            case (.result(let json), _): .result(json)
            case (.park(let delay, let attempts), _): .park(afterMilliseconds: delay, failedAttempts: attempts)
            case (.release, _): .release
            case (.deadLetter, .failure): .nothing
            case (.deadLetter(_, let result), .success(let document)): .deadLetter(document, result: result)
            case (.deadLetter(_, let result), nil): .deadLetter([], result: result)
            }
        return RedisSortedSetSettlement(
            receipt: receipt, id: settlement.id,
            list: settlement.destination.isEmpty ? defaultList : settlement.destination, end: end)
    }

    /// The answer of the script to one settlement.
    private func status(
        _ answer: RedisReply, of settlement: Settlement, letter: Result<[UInt8], RedisError>?
    ) -> SettlementStatus {
        if case .failure(let error) = letter { return .delayed(reason: error.description) }
        if case .integer(let number) = answer { return number == 1 ? .settled : .stale }
        let error = failure(answer.text ?? "strange reply")
        return error.refusal.status(error.description, isNamed: isNamed(settlement))
    }

    /// Whether the message itself names the destination of its result.
    private func isNamed(_ settlement: Settlement) -> Bool {
        !settlement.destination.isEmpty && !ourLists.contains(ExactText(settlement.destination))
    }

    private func failure(_ reason: String) -> RedisError {
        RedisError(operation: "settle on \(client.url)", reason: reason, kind: .answer)
    }

    /// Records whether the server answered.
    private func noting<T>(_ body: () throws(RedisError) -> T) throws(QueueError) -> T {
        defer { askedAt = .now }
        do throws(RedisError) {
            let value = try body()
            state = .reachable
            return value
        } catch {
            state = .unreachable(reason: error.description)
            // A script includes the answers to its commands in its own answer.
            if error.kind == .answer { client.leave(after: error.reason) }
            throw QueueError(error)
        }
    }
}
