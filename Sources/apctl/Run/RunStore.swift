import Queue

/// A session on a thread of its own: files and SQLite block.
actor RunStore {
    /// Where a run stands.
    struct State: Sendable, Equatable {
        var total: Int
        var fed: Int
        var done: Int
        var failures: FailureCauses
        var isComplete: Bool
        /// As it was a second ago at most.
        var backlog = Backlog()
        /// Lines put on the queue and results written by this step.
        var moved = 0
    }

    private let thread = QueueThread(name: "run")
    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    private let paths: RunPaths
    private let deadline: Duration
    private let gateway: GatewayAddress?
    private let onlyFailed: Bool
    private var session: RunSession?
    private var lastBacklog = Backlog()
    private var nextLook = 0.0

    /// - Parameters:
    ///   - deadline: from the moment a request is fed, for requests that name none.
    ///   - onlyFailed: a new run sends the lines that have no good result in the output.
    init(_ paths: RunPaths, deadline: Duration, gateway: GatewayAddress? = nil, onlyFailed: Bool = false) {
        self.onlyFailed = onlyFailed
        self.paths = paths
        self.deadline = deadline
        self.gateway = gateway
    }

    func open() throws -> State { state(try opened()) }

    /// What the person should know about the input; `nil` for nothing.
    func note() throws -> String? { try opened().note }

    /// Writes the results there are, then feeds while fewer than `backlog` requests are open.
    ///
    /// - Parameter feeds: `false` while draining.
    func step(feeds: Bool, backlog: Int = 10_000) throws -> State {
        let session = try opened()
        var moved = try session.collect()
        if feeds, !session.isFed, session.open < backlog {
            moved += try session.feed(limit: min(1000, backlog - session.open), deadline: due)
        }
        if Clock.monotonic >= nextLook {
            // The stages wait for room, and say so in their logs alone.
            if !session.isComplete { try Files.checkRoom(paths.state) }
            lastBacklog = try session.backlog()
            nextLook = Clock.monotonic + 1
        }
        return state(session, moved: moved)
    }

    /// When a request that names no deadline is given up, Unix seconds.
    private var due: Int64 { Int64(Clock.now.rounded(.up)) + deadline.components.seconds }

    /// Removes the state of a complete run.
    func removeState() throws { try opened().removeState() }

    private func opened() throws -> RunSession {
        if let session { return session }
        let session = try RunSession(paths, gateway: gateway, deadline: due, onlyFailed: onlyFailed)
        self.session = session
        return session
    }

    private func state(_ session: RunSession, moved: Int = 0) -> State {
        State(
            total: session.total, fed: Int(session.fed), done: session.written.lines,
            failures: session.written.failures, isComplete: session.isComplete, backlog: lastBacklog,
            moved: moved)
    }
}
