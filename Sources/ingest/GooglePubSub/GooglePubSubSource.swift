import DequeModule
package import GooglePubSub
package import Logging
package import Loop
package import Messages
package import Queue

/// A subscription as a queue: `gcp-pubsub`'s request side.
///
/// Lives on the pipeline thread: nothing here blocks. Pulls outlive the call of `lease` that began them; their messages
/// are kept for the next call. Each requirement repeats `@PipelineActor`: without it the witness would be nonisolated
/// like the requirement (SE-0461).
@PipelineActor
package final class GooglePubSubSource: BufferingSource, ServerTimedSource, AliasedSource, BacklogSource {
    private struct Held {
        let message: PulledMessage
        /// When its ack deadline began.
        var since: Duration
    }

    /// The result of checking the subscription that has been logged.
    private enum Look { case none, denied, seen }

    private struct Pull {
        let asked: Int
        let begin: Duration
        var transfer: GooglePubSubClient.Call?
    }

    /// Full name.
    private let subscription: String
    /// Full names of the topics that results go to unless a message says otherwise.
    private let resultTopics: [String]
    private let client: GooglePubSubClient
    private let store: StoreIdentity
    private let logger: Logger
    private var info = SubscriptionInfo()
    private var look = Look.none
    private var plan = PullPlan()
    private var pulls: [UInt64: Pull] = [:]
    private var lastPull: UInt64 = 0
    /// Pulled messages that no call of `lease` has taken yet.
    private var held = Deque<Held>()
    private var waiter: CheckedContinuation<Void, Never>?
    /// Why a pull failed, until a caller has been told.
    private var failure: GooglePubSubError?
    private var isStopped = false
    private var state = QueueHealth.unreachable(reason: "not connected yet")

    /// - Parameters:
    ///   - subscription: its full name.
    ///   - project: the project ID in the settings.
    ///   - resultTopics: full names of the topics that results go to unless a message says otherwise.
    package init(
        subscription: String, project: String = "", resultTopics: [String] = [], client: GooglePubSubClient,
        logger: Logger
    ) {
        self.resultTopics = resultTopics
        self.subscription = subscription
        store = client.store(project: project)
        self.client = client
        self.logger = logger
    }

    isolated deinit {
        for case let transfer? in pulls.values.map(\.transfer) { client.cancel(transfer) }
    }

    /// Checks the subscription; goes on without the check if the permission is missing.
    @PipelineActor
    package func connect() async throws(QueueError) {
        do throws(GooglePubSubError) {
            info = try SubscriptionInfo(try await client.get(subscription))
            if let topic = info.topic, resultTopics.contains(topic) {
                throw GooglePubSubError(
                    .precondition, "GET \(subscription)",
                    "it is a subscription of the result topic \(topic): results would come back as requests")
            }
            if look != .seen { for warning in info.warnings { logger.warning("\(warning)", metadata: metadata) } }
            look = .seen
        } catch {
            guard error.kind == .denied else { throw failed(error) }
            if look == .none {
                logger.warning(
                    "The subscription's settings cannot be read; an ack deadline of 10 s is assumed",
                    metadata: metadata.merging(["error": "\(error)"]) { $1 })
                look = .denied
            }
        }
        state = .reachable
    }

    /// The topic by its full name, and by the short one that a message of the same project may use.
    @PipelineActor
    package func requestNames() async -> [String] {
        guard let topic = info.topic else { return [] }
        let project = subscription.split(separator: "/").dropFirst().first ?? ""
        let prefix = "projects/\(project)/topics/"
        return topic.hasPrefix(prefix) ? [topic, String(topic.dropFirst(prefix.count))] : [topic]
    }

    @PipelineActor
    package func leaseTime() async -> Duration? { .seconds(info.ackDeadline) }

    package func identity() async throws(QueueError) -> StoreAnswer { .store(store) }

    @PipelineActor
    package func health() async -> QueueHealth { state }

    /// Cloud Monitoring is asked, whose values are some minutes old.
    package nonisolated var backlogSpacing: Duration { .seconds(60) }

    @PipelineActor
    package func backlog() async -> Backlog {
        var backlog = Backlog(waiting: await SubscriptionBacklog.read(subscription, client))
        (backlog.includesLeased, backlog.isUntold) = (true, client.monitoring == nil)
        return backlog
    }

    // MARK: - Leasing

    @PipelineActor
    package func lease(limit: Int) async throws(QueueError) -> [Delivery] {
        while !Task.isCancelled, !isStopped {
            let deliveries = take(limit)
            if deliveries.isEmpty, let error = failure.take() { throw failed(error) }
            // A pull may wait for a minute and a half before it says that the server answers again.
            if state != .reachable, deliveries.isEmpty { try await connect() }
            do throws(QueueError) { try await pull(limit - deliveries.count) } catch {
                if deliveries.isEmpty { throw error }
            }
            if !deliveries.isEmpty { return deliveries }
            await news()
        }
        return []
    }

    private func take(_ limit: Int) -> [Delivery] {
        var deliveries: [Delivery] = []
        while deliveries.count < limit, let first = held.popFirst() {
            // Another process may hold it by now.
            if EventLoop.shared.now - first.since > .seconds(info.ackDeadline) { continue }
            deliveries.append(delivery(of: first.message))
        }
        return deliveries
    }

    private func delivery(of message: PulledMessage) -> Delivery {
        let receipt = GooglePubSubReceipt(
            subscription: subscription, messageID: message.messageID, ackDeadline: info.ackDeadline,
            ackID: message.ackID)
        return Delivery(
            bytes: message.data[...], receipt: receipt.receipt,
            failedAttempts: max(0, (message.deliveryAttempt ?? 1) - 1), attributes: message.attributes,
            publishedAt: message.publishedAt)
    }

    /// Starts as many pulls as `wanted` messages are worth.
    private func pull(_ wanted: Int) async throws(QueueError) {
        guard nextPull(wanted) != nil else { return }
        let pass: GooglePubSubClient.Pass
        do throws(GooglePubSubError) { pass = try await client.pass() } catch {
            if Task.isCancelled { return }
            throw failed(error)
        }
        while !isStopped, !Task.isCancelled, let count = nextPull(wanted) { start(count, pass) }
    }

    private func nextPull(_ wanted: Int) -> Int? {
        let asked = pulls.values.reduce(held.count) { $0 + $1.asked }
        return plan.next(wanted: wanted - asked, underWay: pulls.count, asked: asked)
    }

    /// The server answers an empty pull after 90 s.
    private static let pullTimeout = Duration.seconds(100)
    private static let maxAnswer = 256 << 20

    private func start(_ count: Int, _ pass: GooglePubSubClient.Pass) {
        lastPull += 1
        let number = lastPull
        pulls[number] = Pull(asked: count, begin: EventLoop.shared.now)
        let body = Array("{\"maxMessages\":\(count)}".utf8)
        pulls[number]?.transfer = client.start(
            "\(subscription):pull", body, pass, timeout: Self.pullTimeout, maxResponseBytes: Self.maxAnswer
        ) { [weak self] in self?.ended(number, $0) }
    }

    private func ended(_ number: UInt64, _ result: Result<Bytes, GooglePubSubError>) {
        guard let pull = pulls.removeValue(forKey: number) else { return }
        let time = EventLoop.shared.now - pull.begin
        do throws(GooglePubSubError) {
            let json = try result.get()
            let messages = try PullAnswer.messages(in: json)
            plan.answered(messages.count, of: pull.asked, bytes: json.count, after: time)
            held.append(contentsOf: messages.map { Held(message: $0, since: EventLoop.shared.now) })
            state = .reachable
        } catch {
            if error.kind == .tooLarge { plan.wasTooLarge(pull.asked) }
            failure = error
            state = .unreachable(reason: error.description)
        }
        wake()
    }

    /// Waits until a pull has come back, or the task is cancelled.
    private func news() async {
        if !held.isEmpty || failure != nil || isStopped { return }
        await withTaskCancellationHandler {
            await withCheckedContinuation { waiter = $0 }
        } onCancel: {
            Task { @PipelineActor in self.wake() }
        }
    }

    private func wake() {
        waiter?.resume()
        waiter = nil
    }

    // MARK: - Keeping and giving back

    @PipelineActor
    package func renew(_ receipts: [Receipt]) async throws(QueueError) -> [Receipt] {
        let read = receipts.map { GooglePubSubReceipt($0) }
        let ours = receipts.indices.filter { read[$0] != nil }
        var lost = receipts.indices.filter { read[$0] == nil }.map { receipts[$0] }
        try await perform(.extend(seconds: info.ackDeadline), on: ours.compactMap { read[$0]?.ackID }) {
            place, answer in
            if answer == .lost { lost.append(receipts[ours[place]]) }
        }
        return lost
    }

    @PipelineActor
    package func keepHeld() async {
        let now = EventLoop.shared.now
        let lease = Duration.seconds(info.ackDeadline)
        // An expired delivery may belong to another process, though the server may still extend it.
        held.removeAll { now - $0.since > lease }
        let old = held.filter { now - $0.since > lease / 6 }.map(\.message.ackID)
        if old.isEmpty { return }
        var lost: Set<String> = []
        do throws(QueueError) {
            try await perform(.extend(seconds: info.ackDeadline), on: old) { place, answer in
                if answer == .lost { lost.insert(old[place]) }
            }
            let kept = Set(old).subtracting(lost)
            for index in held.indices where kept.contains(held[index].message.ackID) { held[index].since = now }
            held.removeAll { lost.contains($0.message.ackID) }
        } catch {
            logger.debug("What has come cannot be kept", metadata: metadata.merging(["error": "\(error)"]) { $1 })
        }
    }

    @PipelineActor
    package func release(_ receipts: [Receipt]) async throws(QueueError) {
        try await perform(.extend(seconds: 0), on: receipts.compactMap { GooglePubSubReceipt($0)?.ackID }) { _, _ in }
    }

    /// Pulls in flight get a moment to bring their messages.
    @PipelineActor
    package func stop() async {
        isStopped = true
        wake()
        let end = EventLoop.shared.now + .milliseconds(500)
        while pulls.values.contains(where: { EventLoop.shared.now - $0.begin < .seconds(1) }),
            EventLoop.shared.now < end
        {
            await EventLoop.shared.pause(for: .milliseconds(10))
        }
        for case let transfer? in pulls.values.map(\.transfer) { client.cancel(transfer) }
        pulls = [:]
        let ackIDs = held.map(\.message.ackID)
        held.removeAll()
        do throws(QueueError) { try await perform(.extend(seconds: 0), on: ackIDs) { _, _ in } } catch {
            logger.info(
                "What has come could not be given back: it comes again when its ack deadline is over",
                metadata: metadata.merging(["error": "\(error)", "count": "\(ackIDs.count)"]) { $1 })
        }
    }

    private func perform(
        _ action: DeliveryAction, on ackIDs: [String], _ answered: (Int, DeliveryAnswer) -> Void
    ) async throws(QueueError) {
        do throws(GooglePubSubError) {
            try await client.perform(action, on: ackIDs, of: subscription, answered: answered)
        } catch {
            throw failed(error)
        }
    }

    private func failed(_ error: GooglePubSubError) -> QueueError {
        state = .unreachable(reason: error.description)
        return QueueError(error)
    }

    private var metadata: Logger.Metadata { ["subscription": "\(subscription)"] }
}
