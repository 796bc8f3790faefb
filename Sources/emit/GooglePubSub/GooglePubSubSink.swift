package import GooglePubSub
package import Loop
import Messages
import Primitives
package import Queue

/// Results published to topics: `gcp-pubsub`'s result side.
///
/// A request is acknowledged only after the server has confirmed its result. When a call fails, the sink remembers
/// which results are published and not yet acknowledged: the caller retries the whole batch, and nothing is published
/// twice.
///
/// Lives on the pipeline thread: nothing here blocks.
@PipelineActor
package final class GooglePubSubSink: ResultSink {
    private let client: GooglePubSubClient
    private let project: String
    private let defaultTopic: String
    private let orderingKey: String
    private let store: StoreIdentity
    private var progress: [Receipt: SettlementProgress] = [:]
    private var recent = RecentReceipts()
    private var parking: Parking
    private var alarm: (timer: TimerID, due: Duration)?
    /// Why no call works at all; `nil` otherwise.
    private var outage: String? = "not connected yet"
    /// Topics and subscriptions that cannot be used for a while, by full name.
    private var pauses: [String: Pause] = [:]
    private let backoff: Backoff

    /// - Parameters:
    ///   - defaultTopic: where results go that name no destination; short or full name.
    ///   - orderingKey: of every result; empty for none.
    ///   - maxParked: most deliveries that wait here for their retries, of all subscriptions.
    ///   - backoff: how long calls for a topic or a subscription pause after a failure.
    package init(
        client: GooglePubSubClient, project: String, defaultTopic: String, orderingKey: String = "",
        maxParked: Int = 100_000, backoff: Backoff = Backoff()
    ) {
        self.backoff = backoff
        parking = Parking(most: maxParked)
        self.client = client
        self.project = project
        store = client.store(project: project)
        self.defaultTopic = defaultTopic
        self.orderingKey = orderingKey
    }

    /// Checks the default topic; goes on without the check if the permission is missing.
    @PipelineActor
    package func connect() async throws(QueueError) {
        do throws(GooglePubSubError) {
            _ = try await client.get(topic(""))
        } catch {
            guard error.kind == .denied else { throw failed(error) }
        }
        if let error = await missingRight() { throw failed(error) }
        outage = nil
    }

    /// Why publishing to the default topic is not permitted, as far as the server tells (the emulator does not).
    ///
    /// `testIamPermissions` needs no permission of its own; `get` on the topic needs `pubsub.topics.get`.
    private func missingRight() async -> GooglePubSubError? {
        let right = "pubsub.topics.publish"
        let call = "\(topic("")):testIamPermissions"
        guard let answer = try? await client.post(call, Array("{\"permissions\":[\"\(right)\"]}".utf8)),
            !String(decoding: answer, as: UTF8.self).contains(right)
        else { return nil }
        return GooglePubSubError(
            .denied, "POST \(call)", "\(right) is not among the rights; it takes roles/pubsub.publisher on the topic")
    }

    /// Problems with a topic that a message names do not count here: they concern only its producer.
    @PipelineActor
    package func health() async -> QueueHealth {
        let reason = outage ?? pauses.values.filter(\.isOurs).map(\.reason).min()
        return reason.map { .unreachable(reason: $0) } ?? .reachable
    }

    // MARK: - Pauses

    private struct Pause {
        var reason = ""
        var until = Duration.zero
        var backoff: Backoff
        /// It is for the default topic or a subscription: the operator has to fix it.
        let isOurs: Bool
    }

    private static let maxPauses = 1000

    /// Pauses calls for a topic or a subscription, longer each time (back-off).
    private func pause(_ name: String, _ error: GooglePubSubError, isOurs: Bool) {
        if pauses.count >= Self.maxPauses { pauses = pauses.filter(\.value.isOurs) }
        var pause = pauses[name] ?? Pause(backoff: backoff, isOurs: isOurs)
        pause.reason = error.description
        pause.until = EventLoop.shared.now + pause.backoff.delay()
        pauses[name] = pause
    }

    /// Why a topic or a subscription is paused now; `nil` if it is not.
    private func pauseReason(_ name: String) -> String? {
        guard let pause = pauses[name], EventLoop.shared.now < pause.until else { return nil }
        return pause.reason
    }

    // MARK: - Settling

    /// Google bills each call as at least 1,000 bytes, and its answers take some ten milliseconds; the emulator's take
    /// less time and more CPU.
    ///
    /// Source: cloud.google.com/pubsub/pricing
    package nonisolated var spacing: Duration { .milliseconds(10) }

    package func identity() async throws(QueueError) -> StoreAnswer { .store(store) }

    /// A settlement of another store is stale at once: nothing may be published before it is known that the request
    /// exists here.
    @PipelineActor
    package func settle(_ batch: [Settlement]) async throws(QueueError) -> [SettlementStatus] {
        let own = batch.indices.filter { batch[$0].store == 0 || batch[$0].store == store.number }
        if own.count == batch.count { return try await settleOwn(batch) }
        var statuses = [SettlementStatus](repeating: .stale, count: batch.count)
        let settled = own.isEmpty ? [] : try await settleOwn(own.map { batch[$0] })
        for (index, status) in zip(own, settled) { statuses[index] = status }
        return statuses
    }

    private func settleOwn(_ batch: [Settlement]) async throws(QueueError) -> [SettlementStatus] {
        var run = SettlementRun(batch, progress: progress, now: WallClock.now().milliseconds) { recent.contains($0) }
        var failure = await verifyDeliveries(&run)
        if failure == nil { failure = await publish(&run) }
        if failure == nil { failure = await close(&run) }
        if failure != nil || run.hasFailures { progress.merge(run.progress) { $1 } }
        if let failure { throw failed(failure) }
        for index in batch.indices where run.isEnded(index) {
            recent.insert(batch[index].receipt)
            if !progress.isEmpty { progress[batch[index].receipt] = nil }
        }
        outage = nil
        return run.statuses
    }

    /// Finds out which settlements in doubt were settled before.
    ///
    /// - Returns: why nothing is known about some of it.
    private func verifyDeliveries(_ run: inout SettlementRun) async -> GooglePubSubError? {
        for (group, indices) in run.deliveriesToVerify() {
            // A result whose subscription is gone is published: no other process will do it.
            let failure = await perform(group, indices, &run, whenGone: nil) { run, index, answer in
                if answer == .lost { run.ended(index, .lost) }
            }
            if let failure { return failure }
        }
        return nil
    }

    /// Publishes the results of the batch, topic by topic.
    ///
    /// - Returns: why nothing is known about some of it.
    private func publish(_ run: inout SettlementRun) async -> GooglePubSubError? {
        for (destination, indices) in run.publications() {
            let topic = topic(destination)
            // A message may name its topic: an invalid name must not become a part of a URL.
            if let problem = ResourceName.problem(topic, .topics) {
                for index in indices { run.refused(index, problem) }
                continue
            }
            if let reason = pauseReason(topic) {
                for index in indices { run.delayed(index, reason) }
                continue
            }
            let messages = indices.map { run.publication($0) }
            var splits = 0
            var calls = Array(PublishRequest.calls(sizes: messages.map(\.size)).reversed())
            while let call = calls.popLast() {
                do throws(GooglePubSubError) {
                    let body = PublishRequest.body(messages[call], orderingKey: orderingKey)
                    _ = try await client.post("\(topic):publish", body)
                    for index in indices[call] { run.published(index) }
                    pauses[topic] = nil
                } catch {
                    guard !error.concernsAll else { return error }
                    if error.kind == .invalid, call.count > 1, splits < Self.maxSplits {
                        // One message that the server refuses fails its whole call.
                        splits += 1
                        let middle = call.lowerBound + call.count / 2
                        calls += [middle..<call.upperBound, call.lowerBound..<middle]
                        continue
                    }
                    if error.kind == .invalid, call.count > 1 {
                        // It is not known which message is at fault: none counts as refused.
                        for index in indices[call] { run.delayed(index, error.description) }
                        continue
                    }
                    let isDefault = topic == self.topic("")
                    if error.kind == .invalid || (!isDefault && !error.isTransient) {
                        for index in indices[call] { run.refused(index, error.description) }
                    } else {
                        pause(topic, error, isOurs: isDefault)
                        for index in indices[call] { run.delayed(index, error.description) }
                    }
                }
            }
        }
        return nil
    }

    /// If a batch holds more invalid messages than this many splits can isolate, the rest of it is retried in later
    /// batches.
    private static let maxSplits = 24

    /// Acknowledges published requests, and gives back those that are to be given back.
    ///
    /// - Returns: why nothing is known about some of it.
    private func close(_ run: inout SettlementRun) async -> GooglePubSubError? {
        defer { setAlarm() }
        for (group, all) in run.actions() {
            let indices = all.filter { !run.parks($0) || parking.hasRoom(for: group.subscription) }
            for index in Set(all).subtracting(indices) {
                run.delayed(index, "no more requests of \(group.subscription) can wait here for their retries")
            }
            if indices.isEmpty { continue }
            let failure = await perform(group, indices, &run, whenGone: .lost) { run, index, answer in
                run.ended(index, answer)
                guard let delay = run.delay(index) else { return }
                parking.add(run.ackID(index), of: group.subscription, for: delay, at: EventLoop.shared.now)
            }
            if let failure { return failure }
        }
        return nil
    }

    /// Carries out one action on deliveries of one subscription.
    ///
    /// - Parameter whenGone: how they end if the subscription no longer exists.
    /// - Returns: why nothing is known about some of it.
    private func perform(
        _ group: SettlementRun.Group, _ indices: [Int], _ run: inout SettlementRun, whenGone: DeliveryAnswer?,
        _ answered: (inout SettlementRun, Int, DeliveryAnswer) -> Void
    ) async -> GooglePubSubError? {
        if let reason = pauseReason(group.subscription) {
            for index in indices { run.delayed(index, reason) }
            return nil
        }
        var rest = Set(indices)
        do throws(GooglePubSubError) {
            let ackIDs = indices.map { run.ackID($0) }
            try await client.perform(group.action, on: ackIDs, of: group.subscription) { place, answer in
                rest.remove(indices[place])
                answered(&run, indices[place], answer)
            }
            pauses[group.subscription] = nil
        } catch {
            guard !error.concernsAll else { return error }
            if error.kind == .notFound {
                pauses[group.subscription] = nil
                if let whenGone { for index in rest { run.ended(index, whenGone) } }
                return nil
            }
            pause(group.subscription, error, isOurs: true)
            for index in rest { run.delayed(index, error.description) }
        }
        return nil
    }

    // MARK: - Parked deliveries

    private func setAlarm() {
        guard let next = parking.next else { return }
        if let alarm {
            if alarm.due <= next { return }
            EventLoop.shared.cancel(alarm.timer)
        }
        // Deliveries due within some milliseconds go together.
        let delay = max(.milliseconds(5), next - EventLoop.shared.now)
        let timer = EventLoop.shared.schedule(after: delay) { [weak self] in
            self?.alarm = nil
            self?.unpark()
        }
        alarm = (timer, next)
    }

    /// Gives back deliveries that have waited long enough.
    ///
    /// It runs in a task of its own: no caller waits for it, and if it fails the ack deadlines expire.
    private func unpark() {
        let groups = parking.take(at: EventLoop.shared.now)
        setAlarm()
        Task { @PipelineActor [weak self, client] in
            for (group, deliveries) in groups {
                try? await client.perform(group.action, on: deliveries.map(\.ackID), of: group.subscription) {
                    place, answer in
                    guard answer == .done, deliveries[place].left > .zero else { return }
                    let (ackID, left) = deliveries[place]
                    self?.parking.add(ackID, of: group.subscription, for: left, at: EventLoop.shared.now)
                }
            }
            self?.setAlarm()
        }
    }

    private func topic(_ name: String) -> String {
        ResourceName.full(name.isEmpty ? defaultTopic : name, .topics, project: project)
    }

    isolated deinit { if let alarm { EventLoop.shared.cancel(alarm.timer) } }

    private func failed(_ error: GooglePubSubError) -> QueueError {
        outage = error.description
        return QueueError(error)
    }
}
