package import Loop
import Messages
package import PubSub
package import Queue

/// Results published to topics: `gcp-pubsub`'s result side.
///
/// A request is acknowledged only after the server has confirmed its result. What has been published and not yet
/// acknowledged when a call fails is remembered: the caller tries the whole batch again, and nothing is published twice.
///
/// Lives on the pipeline thread: nothing here blocks.
@PipelineActor
package final class PubSubSink: ResultSink {
    private let client: PubSubClient
    private let project: String
    private let defaultTopic: String
    private let orderingKey: String
    private var progress: [Receipt: SettlementProgress] = [:]
    private var recent = RecentReceipts()
    private var parking = Parking()
    private var alarm: (timer: TimerID, due: Duration)?
    private var state = QueueHealth.unreachable(reason: "not connected yet")

    /// - Parameters:
    ///   - defaultTopic: where results go that name no destination; short or full name.
    ///   - orderingKey: of every result; empty for none.
    package init(client: PubSubClient, project: String, defaultTopic: String, orderingKey: String = "") {
        self.client = client
        self.project = project
        self.defaultTopic = defaultTopic
        self.orderingKey = orderingKey
    }

    /// Looks at the default topic; goes on without where we may not.
    @PipelineActor
    package func connect() async throws(QueueError) {
        do throws(PubSubError) {
            _ = try await client.get(topic(""))
        } catch {
            guard error.kind == .denied else { throw failed(error) }
        }
        state = .reachable
    }

    @PipelineActor
    package func health() async -> QueueHealth { state }

    /// Google bills each call as at least 1,000 bytes, and its answers take some ten milliseconds; the emulator's take
    /// less time and more CPU.
    ///
    /// Source: cloud.google.com/pubsub/pricing
    package nonisolated var spacing: Duration { .milliseconds(10) }

    @PipelineActor
    package func settle(_ batch: [Settlement]) async throws(QueueError) -> [SettlementStatus] {
        var run = SettlementRun(batch, progress: progress) { recent.contains($0) }
        var failure = await dispel(&run)
        if failure == nil { failure = await publish(&run) }
        if failure == nil { failure = await close(&run) }
        if failure != nil || run.refusal != nil { progress.merge(run.progress) { $1 } }
        if let failure { throw failed(failure) }
        for index in batch.indices where run.isEnded(index) {
            recent.insert(batch[index].receipt)
            if !progress.isEmpty { progress[batch[index].receipt] = nil }
        }
        state = run.refusal.map { .unreachable(reason: $0) } ?? .reachable
        return run.statuses
    }

    /// Finds out what has been settled before, where that is in doubt.
    private func dispel(_ run: inout SettlementRun) async -> PubSubError? {
        for (group, indices) in run.doubts() {
            do throws(PubSubError) {
                let ackIDs = indices.map { run.ackID($0) }
                try await client.perform(group.action, on: ackIDs, of: group.subscription) { place, answer in
                    if answer == .lost { run.ended(indices[place], .lost) }
                }
            } catch {
                guard !error.isTransient else { return error }
                for index in indices { run.refused(index, error.description) }
            }
        }
        return nil
    }

    /// Publishes what is to be published, topic by topic.
    ///
    /// - Returns: why nothing is known about some of it.
    private func publish(_ run: inout SettlementRun) async -> PubSubError? {
        for (destination, indices) in run.publications() {
            let topic = topic(destination)
            // A message may name its topic: what is no name must not become a part of a URL.
            if let problem = ResourceName.problem(topic, .topics) {
                for index in indices { run.refused(index, problem) }
                continue
            }
            let messages = indices.map { run.publication($0) }
            for range in PublishRequest.calls(sizes: messages.map(\.size)) {
                do throws(PubSubError) {
                    let body = PublishRequest.body(messages[range], orderingKey: orderingKey)
                    _ = try await client.post("\(topic):publish", body)
                    for index in indices[range] { run.published(index) }
                } catch {
                    guard !error.isTransient else { return error }
                    for index in indices[range] { run.refused(index, error.description) }
                }
            }
        }
        return nil
    }

    /// Acknowledges what has been published, and gives back what is to be given back.
    private func close(_ run: inout SettlementRun) async -> PubSubError? {
        for (group, indices) in run.actions() {
            do throws(PubSubError) {
                let ackIDs = indices.map { run.ackID($0) }
                try await client.perform(group.action, on: ackIDs, of: group.subscription) { place, answer in
                    run.ended(indices[place], answer)
                }
                for index in indices {
                    guard let delay = run.delay(index) else { continue }
                    parking.add(run.ackID(index), of: group.subscription, for: delay, at: EventLoop.shared.now)
                }
                setAlarm()
            } catch {
                guard !error.isTransient else { return error }
                for index in indices where !run.isEnded(index) { run.refused(index, error.description) }
            }
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
        // What is due within some milliseconds goes together.
        let delay = max(.milliseconds(5), next - EventLoop.shared.now)
        let timer = EventLoop.shared.schedule(after: delay) { [weak self] in
            self?.alarm = nil
            self?.unpark()
        }
        alarm = (timer, next)
    }

    /// Gives back what has waited long enough.
    ///
    /// In a task of its own: nobody waits for it, and what it does not do the ack deadlines do.
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

    private func failed(_ error: PubSubError) -> QueueError {
        state = .unreachable(reason: error.description)
        return QueueError(error)
    }
}
