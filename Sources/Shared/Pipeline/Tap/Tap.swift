package import Logging
package import Loop
package import PipelineMetrics
package import Primitives
package import ZeroMQ

/// Publishes copies of the envelopes a stage receives and sends, for whoever subscribes, as messages of two frames:
/// the topic `<stage>.<in|out>.<queue>.<id>` and a JSON document.
///
/// Nothing is written while nobody wants it, and nothing ever waits: a subscriber that is too slow misses copies, which
/// nobody on this side can see. The documents carry numbers, so a subscriber to everything can.
@PipelineActor
package final class Tap {
    private let socket: Socket
    private let descriptor: CInt
    private let document: TapDocument
    private let logger: Logger
    private let published: Counter
    private let wanted: Gauge
    private var subscriptions = Subscriptions()
    private var turnHandler: TurnHandlerID?
    private var line = ChangeLine()
    private var isLineTimed = false

    /// Somebody subscribes to something.
    ///
    /// While nobody does, looking at this is all that a tap costs an envelope.
    package private(set) var isWatched = false
    /// Copies written so far.
    package private(set) var copies = 0

    /// Copies that wait for a slow subscriber, at most; libzmq drops what comes then.
    private static let highWaterMark: CInt = 1000
    /// Subscriptions taken in one turn, so that nobody holds up the loop with them.
    private static let subscriptionsPerTurn = 100

    /// Binds a tap.
    ///
    /// - Parameter showsPayloads: whether copies carry payloads, not only their sizes.
    package init(
        _ context: Context, endpoint: String, stage: String, showsPayloads: Bool, registry: MetricsRegistry,
        logger: Logger
    ) throws(ZeroMQError) {
        let options = SocketOptions(highWaterMark: Self.highWaterMark, queuesWithoutPeer: true, maxFrame: 4096)
        let socket = try context.makeSocket(.publisher, options)
        try socket.bind(endpoint)
        descriptor = try socket.descriptor()
        self.socket = socket
        self.logger = logger
        document = TapDocument(stage: stage, showsPayloads: showsPayloads)
        published = registry.counter("async_processor_tap_copies_total", help: "Copies written for the tap.")
        wanted = registry.gauge("async_processor_tap_subscriptions", help: "Different topics the tap is asked for.")
        EventLoop.shared.watch(descriptor, [.readable, .onChange]) { _ in }
        turnHandler = EventLoop.shared.onTurn { [weak self] in self?.receive() == true ? .zero : nil }
    }

    /// Where it is bound.
    package func boundEndpoint() throws(ZeroMQError) -> String { try socket.boundEndpoint() }

    /// The time for a copy; `nil` while nobody listens and none is needed.
    package var moment: WallClock? { isWatched ? .now() : nil }

    /// Publishes a copy if somebody wants it.
    package func publish(_ copy: TapCopy) {
        guard isWatched else { return }
        let topic = copy.topic(stage: document.stage)
        guard subscriptions.want(topic) else { return }
        copies += 1
        published.increment()
        do {
            try socket.publish(topic, document.encode(copy, number: copies))
        } catch {
            logger.error("Cannot publish a copy", metadata: ["error": "\(error)"])
        }
    }

    /// Stops watching; the socket closes with the last reference.
    package func close() {
        EventLoop.shared.unwatch(descriptor)
        if let turnHandler { EventLoop.shared.remove(turnHandler) }
        turnHandler = nil
        isWatched = false
    }

    /// Takes what has changed about the subscriptions; once a turn, since publishing takes the wake-up away.
    ///
    /// - Returns: whether there may be more.
    private func receive() -> Bool {
        do {
            for _ in 0..<Self.subscriptionsPerTurn {
                guard let message = try socket.receive() else {
                    _ = try socket.events()
                    return false
                }
                subscriptions.update(message)
                changed()
            }
            return true
        } catch {
            logger.error("Cannot read subscriptions to the tap", metadata: ["error": "\(error)"])
            return false
        }
    }

    private func changed() {
        wanted.set(subscriptions.count)
        isWatched = !subscriptions.isEmpty
        say()
    }

    private func say() {
        switch line.due(isWatched, at: EventLoop.shared.now) {
        case .nothing: break
        case .now: logger.info(isWatched ? "Somebody listens at the tap" : "Nobody listens at the tap any more")
        case .after(let delay):
            guard !isLineTimed else { return }
            isLineTimed = true
            EventLoop.shared.schedule(after: delay) { [weak self] in
                self?.isLineTimed = false
                self?.say()
            }
        }
    }
}
