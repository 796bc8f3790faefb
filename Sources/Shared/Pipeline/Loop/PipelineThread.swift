import Foundation
import Synchronization

/// The one thread of a process that touches its sockets, timers and transfers.
///
/// It runs the jobs of `PipelineActor`, and when there are none, waits in epoll_wait(2) over every watched descriptor,
/// the next timer and a wake-up descriptor that other threads write to when they enqueue a job. `EventLoop`, which is
/// isolated to the actor, decides what is watched and what happens; this class only waits.
///
/// Measured on two cores: an await between functions of the actor costs nothing; from another thread and back, 35 µs.
final class PipelineThread: SerialExecutor {
    private struct State {
        var jobs: [UnownedJob] = []
        /// The event loop, while it waits for the next turn.
        var turn: CheckedContinuation<Void, Never>?
        /// When the next turn starts at the latest, nanoseconds of CLOCK_MONOTONIC.
        var turnsAt: Int64 = 0
    }

    let poller = Poller()
    private let state = Mutex(State())
    private let isSleeping = Atomic(false)
    private let thread = Atomic<UInt>(0)

    init() {
        let thread = Thread { [unowned self] in serve() }
        thread.name = "pipeline"
        thread.start()
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        state.withLock { $0.jobs.append(job) }
        // The thread looks for jobs again after it has said that it sleeps, so one of the two sees the other.
        if isSleeping.load(ordering: .sequentiallyConsistent) { poller.wakeUp() }
    }

    // Both are needed: callbacks of C libraries run here outside any job, and the runtime asks where they are.
    func checkIsolated() { precondition(isCurrent, "not on the pipeline thread") }
    func isIsolatingCurrentContext() -> Bool? { isCurrent }

    private var isCurrent: Bool { thread.load(ordering: .relaxed) == UInt(pthread_self()) }

    /// Suspends the event loop until a descriptor is ready, `deadline` has come, or a job has run.
    func nextTurn(deadline: Int64) async {
        await withCheckedContinuation { continuation in
            state.withLock {
                $0.turn = continuation
                $0.turnsAt = deadline
            }
        }
    }

    private func serve() {
        thread.store(UInt(pthread_self()), ordering: .relaxed)
        while true {
            // One of the jobs is the event loop's turn. Any other may have made work for the next one.
            let jobs = runJobs()
            sleep(wantsTurn: jobs > 1)
            let turn = state.withLock { state in
                let turn = state.turn
                state.turn = nil
                return turn
            }
            turn?.resume()
        }
    }

    /// - Returns: how many there were.
    private func runJobs() -> Int {
        var jobs: [UnownedJob] = []
        var count = 0
        while true {
            state.withLock { swap(&jobs, &$0.jobs) }
            if jobs.isEmpty { return count }
            for job in jobs { job.runSynchronously(on: asUnownedSerialExecutor()) }
            count += jobs.count
            jobs.removeAll(keepingCapacity: true)
        }
    }

    private func sleep(wantsTurn: Bool) {
        isSleeping.store(true, ordering: .sequentiallyConsistent)
        let (hasJobs, deadline) = state.withLock { (!$0.jobs.isEmpty, $0.turn == nil ? Int64.max : $0.turnsAt) }
        let patience = hasJobs || wantsTurn ? 0 : max(0, deadline == .max ? .max : deadline - monotonicNanoseconds())
        poller.wait(nanoseconds: patience)
        isSleeping.store(false, ordering: .sequentiallyConsistent)
    }
}

/// CLOCK_MONOTONIC in nanoseconds: it does not count while the machine sleeps, and does while the process is stopped.
///
/// Source: clock_gettime(2).
func monotonicNanoseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}
