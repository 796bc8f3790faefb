package import Queue

/// A kind of queue under test: the real adapter on a real server that the test may take away.
///
/// One harness is one server with nothing on it yet; the suite makes a new one for every case.
package protocol QueueHarness: Sendable {
    /// What this kind of queue promises; the suite leaves out cases that need more.
    static var promises: QueuePromises { get }

    /// Makes an empty queue that nobody uses yet, and returns its name.
    func makeQueue() async throws -> String

    /// A source of `queue` as one more ingest process would have it, not connected.
    ///
    /// - Parameter lease: how long its leases last without renewal. Everything that depends on the lease time (such as
    ///   taking over nothing after a gap) scales with it.
    func makeSource(queue: String, lease: Duration) async throws -> any RequestSource

    /// A sink as one more emit process would have it, not connected.
    func makeSink() async throws -> any ResultSink

    /// Where settlements of requests of `queue` send their results: `Settlement.destination`.
    func resultDestination(of queue: String) -> String

    /// Puts `body` on `queue` as a producer does.
    func publish(_ body: [UInt8], to queue: String) async throws

    /// The results written so far for requests of `queue`, oldest first.
    ///
    /// The suite asks again until it sees what it waits for.
    func results(of queue: String) async throws -> [[UInt8]]

    /// The dead letters of `queue` so far, oldest first.
    func deadLetters(of queue: String) async throws -> [DeadLetter]

    /// Takes the server away: until it is started again, sources and sinks throw or wait.
    func stopServer() async throws

    /// Brings the server back, with what it had made durable.
    func startServer() async throws
}

/// What a kind of queue promises beyond what every kind does.
package struct QueuePromises: OptionSet, Sendable {
    package let rawValue: Int

    package init(rawValue: Int) { self.rawValue = rawValue }

    /// A request published while no source is connected waits for one.
    package static let keepsUnclaimed = QueuePromises(rawValue: 1 << 0)
    /// An expired lease is taken over by any source, and counted.
    package static let takesOverExpiredLeases = QueuePromises(rawValue: 1 << 1)
    /// A parked request comes back when it is due, never early, in due order.
    package static let parksUntilDue = QueuePromises(rawValue: 1 << 2)
    /// What has been parked remembers how many attempts have failed.
    package static let countsAttempts = QueuePromises(rawValue: 1 << 3)
    /// Dead letters are kept where an operator can read them, byte for byte.
    package static let keepsDeadLetters = QueuePromises(rawValue: 1 << 4)
    /// A receipt whose request has its record is stale, not settled again.
    package static let settlesOnce = QueuePromises(rawValue: 1 << 5)
    /// An outage of the server loses neither requests nor leases nor results.
    package static let survivesOutage = QueuePromises(rawValue: 1 << 6)

    /// The same bytes published twice before either is taken are two requests; a set has them once.
    package static let keepsEqualMessages = QueuePromises(rawValue: 1 << 7)

    /// Its sources are `BacklogSource`s that count what waits and what is parked.
    package static let tellsBacklog = QueuePromises(rawValue: 1 << 8)
    /// Its sources are `BacklogSource`s that count what is parked; nothing waits otherwise.
    package static let tellsParked = QueuePromises(rawValue: 1 << 9)

    package static let durable: QueuePromises = [
        .keepsUnclaimed, .takesOverExpiredLeases, .parksUntilDue, .countsAttempts, .keepsDeadLetters, .settlesOnce,
        .survivesOutage,
    ]
}

/// A message kept aside for an operator.
package struct DeadLetter: Sendable, Equatable {
    /// The message as the producer wrote it.
    package var bytes: [UInt8]
    package var reason: String

    package init(bytes: [UInt8], reason: String) {
        self.bytes = bytes
        self.reason = reason
    }
}
