import Queue

/// A session on a thread of its own: files and SQLite block.
actor RunStore {
    /// Where a run stands.
    struct State: Sendable, Equatable {
        var total: Int
        var fed: Int
        var done: Int
        var failures: Int
        var isComplete: Bool
        /// Lines put on the queue and results written by this step.
        var moved = 0
    }

    private let thread = QueueThread(name: "run")
    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    private let paths: RunPaths
    private let deadline: Duration
    private let gateway: GatewayAddress?
    private var session: RunSession?

    /// - Parameter deadline: from the moment a request is fed, for requests that name none.
    init(_ paths: RunPaths, deadline: Duration, gateway: GatewayAddress? = nil) {
        self.paths = paths
        self.deadline = deadline
        self.gateway = gateway
    }

    func open() throws -> State { state(try opened()) }

    /// Writes the results there are, then feeds while fewer than `backlog` requests are open.
    ///
    /// - Parameter feeds: `false` while draining.
    func step(feeds: Bool, backlog: Int = 10_000) throws -> State {
        let session = try opened()
        var moved = try session.collect()
        if feeds, !session.isFed, session.open < backlog {
            moved += try session.feed(limit: min(1000, backlog - session.open), deadline: due)
        }
        return state(session, moved: moved)
    }

    /// When a request that names no deadline is given up, Unix seconds.
    private var due: Int64 { Int64(Clock.now.rounded(.up)) + deadline.components.seconds }

    /// Removes the state of a complete run.
    func removeState() throws { try opened().removeState() }

    private func opened() throws -> RunSession {
        if let session { return session }
        let session = try RunSession(paths, gateway: gateway, deadline: due)
        self.session = session
        return session
    }

    private func state(_ session: RunSession, moved: Int = 0) -> State {
        State(
            total: session.identity.lines, fed: Int(session.fed), done: session.written.lines,
            failures: session.written.failures, isComplete: session.isComplete, moved: moved)
    }
}
