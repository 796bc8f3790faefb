/// What is counted about one link, at either end of it.
package struct LinkMetrics: Sendable {
    /// Messages handed to a peer, or taken from one, for the first time.
    package let sent: Counter
    /// Messages that are finished for good.
    package let done: Counter
    /// Messages sent once more, because they were missing or their peer was lost.
    package let sentAgain: Counter
    /// Messages a receiver would not take.
    package let refused: Counter
    /// Frames dropped because they could not be read or belonged to no session.
    package let dropped: Counter
    /// Seconds in which something waited for room.
    package let waitingSeconds: Gauge
    /// Messages on their way or being worked on.
    package let open: Gauge
    /// Messages that may be sent, or taken, now.
    package let room: Gauge
    /// Peers that are alive.
    package let peers: Gauge
    /// Messages that wait because no peer settles in the store they belong to.
    package let unsettleable: Gauge
    /// Age of the oldest open message, in seconds.
    package let oldestOpenSeconds: Gauge

    /// - Parameter link: Both ends, such as `ingest-dispatch`.
    package init(registry: MetricsRegistry, link: String) {
        let labels = [("link", link)]
        func counter(_ name: String, _ help: String) -> Counter {
            registry.counter("async_processor_link_\(name)_total", help: help, labels: labels)
        }
        func gauge(_ name: String, _ help: String) -> Gauge {
            registry.gauge("async_processor_link_\(name)", help: help, labels: labels)
        }
        sent = counter("sent", "Messages sent or taken for the first time.")
        done = counter("done", "Messages finished for good.")
        sentAgain = counter("sent_again", "Messages sent once more.")
        refused = counter("refused", "Messages the receiver did not take.")
        dropped = counter("dropped_frames", "Frames that could not be read or belonged to no session.")
        waitingSeconds = gauge("backpressure_seconds", "Seconds in which something waited for room.")
        open = gauge("open", "Messages on their way or being worked on.")
        room = gauge("room", "Messages that can be sent or taken now.")
        peers = gauge("peers", "Peers that are alive.")
        unsettleable = gauge("unsettleable", "Messages that no peer can settle: they belong to another store.")
        oldestOpenSeconds = gauge("oldest_open_seconds", "Age of the oldest open message.")
    }
}
