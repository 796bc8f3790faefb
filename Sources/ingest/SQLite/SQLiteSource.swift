package import Messages
import Primitives
package import Queue
import SQLite
import Synchronization

/// One queue of an embedded database, for ingest.
///
/// Two connections on two threads: one waits for requests, the other renews and releases, so that neither blocks the
/// other. Neither waits for the disk: after a power failure that undoes a lease, no process is left that holds it.
package final class SQLiteSource: BacklogSource, CountingSource {
    private let reader: SQLiteReader
    private let renewer: SQLiteRenewer
    private let shared: SQLiteState

    /// - Parameters:
    ///   - path: of the database file; made when the source connects.
    ///   - queue: value of `requests.queue`.
    ///   - lease: how long a lease lasts without renewal.
    ///   - busyTimeout: how long a call waits for another connection's transaction before it throws.
    package init(
        path: String, queue: String, lease: Duration = .seconds(30), busyTimeout: Duration = .seconds(5)
    ) {
        let shared = SQLiteState(lease: lease)
        self.shared = shared
        reader = SQLiteReader(path: path, queue: queue, busyTimeout: busyTimeout, shared: shared)
        renewer = SQLiteRenewer(path: path, queue: queue, busyTimeout: busyTimeout, shared: shared)
    }

    package func connect() async throws(QueueError) {
        try await reader.connect()
        try await renewer.connect()
    }

    package func lease(limit: Int) async throws(QueueError) -> [Delivery] {
        do {
            return try await reader.lease(limit: limit)
        } catch {
            // Files that were replaced are opened again once both connections have closed the old ones.
            await renewer.letGoIfChanged()
            throw error
        }
    }

    package func identity() async throws(QueueError) -> StoreAnswer { try await renewer.identity() }

    package func renew(_ receipts: [Receipt]) async throws(QueueError) -> [Receipt] {
        do {
            return try await renewer.renew(receipts)
        } catch {
            await lookIfChanged()
            throw error
        }
    }

    package func release(_ receipts: [Receipt]) async throws(QueueError) {
        do {
            try await renewer.release(receipts)
        } catch {
            await lookIfChanged()
            throw error
        }
    }

    package func backlog() async -> Backlog { (try? await renewer.backlog()) ?? Backlog() }

    package var counters: [SourceCounter] { [.takeovers { [shared] in shared.takeovers }] }

    /// Checks the files too, since `lease` does not do so while there is no room for requests.
    package func health() async -> QueueHealth {
        guard let change = shared.change else { return shared.health }
        Task { await lookIfChanged() }
        return .unreachable(reason: "\(change)")
    }

    /// Makes both connections use the current files.
    private func lookIfChanged() async {
        // Only then does the connection that leases answer soon.
        guard shared.change != nil else { return }
        await renewer.letGoIfChanged()
        await reader.look()
    }
}

/// State that both connections of a source share.
final class SQLiteState: Sendable {
    private struct State {
        var gate: TakeOverGate
        var health = QueueHealth.unreachable(reason: "not connected yet")
        /// The files that the connection that leases has opened.
        var files: OpenFiles?
        /// When the gate opens, by the wall clock, in which leases are counted here.
        var takeOverFrom = Int64.min
        var takeovers = 0
    }

    let leaseMilliseconds: Int64
    private let state: Mutex<State>

    init(lease: Duration) {
        leaseMilliseconds = lease / .milliseconds(1) < 1 ? 1 : Int64(lease / .milliseconds(1))
        state = Mutex(State(gate: TakeOverGate(leaseMilliseconds: leaseMilliseconds)))
    }

    var health: QueueHealth { state.withLock { $0.health } }
    /// Leases that others had let expire and this source has taken over so far.
    var takeovers: Int { state.withLock { $0.takeovers } }
    /// Changes to the files since they were opened.
    var change: FileChange? { state.withLock { $0.files }?.change }

    func tookOver(_ count: Int) { state.withLock { $0.takeovers += count } }

    func set(_ files: OpenFiles) { state.withLock { $0.files = files } }

    /// Runs one access to the database and records its result.
    func noting<T>(_ access: () throws(QueueError) -> T) throws(QueueError) -> T {
        do throws(QueueError) {
            let value = try access()
            state.withLock { state in
                state.health = .reachable
                state.gate.turn(at: runningClock(), leases: WallClock.now().milliseconds)
            }
            return value
        } catch {
            state.withLock { state in
                state.health = .unreachable(reason: error.reason)
                state.gate.fail()
            }
            throw error
        }
    }

    /// Records that the process runs and waits; returns since when expired leases may be taken over, or until when they
    /// may not.
    func turn() -> Int64 {
        state.withLock { state in
            let (now, wall) = (runningClock(), WallClock.now().milliseconds)
            state.gate.turn(at: now, leases: wall)
            if state.gate.isOpen(at: now) {
                state.takeOverFrom = .min
            } else {
                // The wall clock may be set meanwhile: the hold-off is counted on the monotonic clock.
                let opening = wall + state.gate.closedUntil - now
                if abs(opening - max(0, state.takeOverFrom)) > 50 { state.takeOverFrom = opening }
            }
            return state.takeOverFrom
        }
    }
}
