/// A kind of queue as its producers and consumers see it.
///
/// The fault matrix knows queues only by this; a new kind brings a type of its own.
package protocol QueueUnderTest: Sendable {
    /// Name of the kind, as `--message-queue-impl` has it.
    var kind: String { get }
    /// The server's port; `nil` if there is no server, and nothing to put a proxy in front of.
    var port: Int? { get }
    /// Flags for the stages.
    ///
    /// - Parameters:
    ///   - port: where they find the server.
    ///   - gateway: URL for requests; those of the second queue go to `silentGateway`.
    func flags(port: Int?, gateway: String, silentGateway: String) -> [String]
    /// Environment for the stages, where flags do not say where the server is.
    func environment(port: Int?) -> [String: String]
    /// How long after a fault the queue may still deliver what it has delivered before, so that a request is worked on
    /// again and has a second result; `nil` where each request has one result whatever happens.
    var redelivery: Duration? { get }
    /// What the producer and the consumer of a queue know that loses what nobody listens to; `nil` where nothing may be lost.
    var channelBooks: RedisPubSubBooks? { get }
    /// Whether what is published now is heard, once the stages have started.
    func isReady() throws -> Bool
    /// What the calls say whose answers are worth losing on a road to the server.
    func calls(on road: Fault.Road) -> [String]
    /// A connection for one thread.
    func connect() throws -> any QueueSession
    /// The server's own life; `nil` if there is no server.
    var server: (any ServerUnderTest)? { get }
    /// Ends the server and removes what it kept.
    func end()
}

extension QueueUnderTest {
    package func environment(port: Int?) -> [String: String] { [:] }
    package var redelivery: Duration? { nil }
    package var channelBooks: RedisPubSubBooks? { nil }
    package func isReady() throws -> Bool { true }
    package func calls(on road: Fault.Road) -> [String] { ["EVALSHA"] }
}

extension QueueUnderTest {
    /// Waits until what is published is heard, at most 30 s.
    func waitUntilReady() async throws {
        let limit = ContinuousClock.now + .seconds(30)
        while try !isReady(), ContinuousClock.now < limit { try await Task.sleep(for: .milliseconds(10)) }
    }
}

/// A producer's and consumer's connection; used on one thread.
///
/// Any call may throw when the server is away, and may be made again.
package protocol QueueSession {
    /// Writes requests.
    ///
    /// - Parameter first: the number of the first. A batch that is written again with the same number, because the first
    ///   time nobody knew whether it had been taken, changes nothing.
    func publish(_ requests: [Publication], first: Int) throws
    /// Results from the `position`-th on, oldest first; those before it may be forgotten.
    func results(from position: Int, limit: Int) throws -> [[UInt8]]
    /// What is left in the queue's keeping besides results and dead letters, as names with sizes.
    func leftovers() throws -> [String]
    /// What an operator would watch, such as keys and bytes of memory.
    func measures() throws -> [String: Int]
}

/// A queue server that can be taken away.
package protocol ServerUnderTest: Sendable {
    func stop()
    func kill()
    func start() async throws
    func freeze()
    func thaw()
}
