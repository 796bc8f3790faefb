import Foundation
import Primitives
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
        var jobs: [Job] = []
        /// The event loop's turn; answers when the next one starts at the latest, nanoseconds of CLOCK_MONOTONIC.
        var turn: (@PipelineActor () -> Int64)?
    }

    private struct Job {
        let job: UnownedJob
        /// Whether it belongs to no actor, and runs here because its task prefers that.
        let isUnisolated: Bool
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

    func enqueue(_ job: consuming ExecutorJob) { enqueue(UnownedJob(job), isUnisolated: false) }

    func enqueue(_ job: UnownedJob, isUnisolated: Bool) {
        state.withLock { $0.jobs.append(Job(job: job, isUnisolated: isUnisolated)) }
        // The thread looks for jobs again after it has said that it sleeps, so one of the two sees the other.
        if isSleeping.load(ordering: .sequentiallyConsistent) { poller.wakeUp() }
    }

    // Both are needed: callbacks of C libraries run here outside any job, and the runtime asks where they are.
    func checkIsolated() { precondition(isCurrent, "not on the pipeline thread") }
    func isIsolatingCurrentContext() -> Bool? { isCurrent }

    private var isCurrent: Bool { thread.load(ordering: .relaxed) == UInt(pthread_self()) }

    /// From now on calls `turn` whenever a descriptor is ready, the time it answered has come, or jobs have run.
    ///
    /// Called directly, not resumed: the runtime hands every continuation to the cooperative pool first, which costs
    /// two changes of threads for each turn, and stops the loop while the pool is busy.
    func start(turn: @escaping @PipelineActor () -> Int64) { state.withLock { $0.turn = turn } }

    private func serve() {
        thread.store(UInt(pthread_self()), ordering: .relaxed)
        var nextTurn = Int64.max
        while true {
            // A job may have left something for a turn to do.
            sleep(until: runJobs() > 0 ? 0 : nextTurn)
            if let turn = state.withLock({ $0.turn }) { nextTurn = PipelineActor.assumeIsolated(turn) }
        }
    }

    /// - Returns: how many there were.
    private func runJobs() -> Int {
        var jobs: [Job] = []
        var count = 0
        while true {
            state.withLock { swap(&jobs, &$0.jobs) }
            if jobs.isEmpty { return count }
            for job in jobs {
                if job.isUnisolated {
                    job.job.runSynchronously(on: PipelineActor.taskExecutor.asUnownedTaskExecutor())
                } else {
                    job.job.runSynchronously(on: asUnownedSerialExecutor())
                }
            }
            count += jobs.count
            jobs.removeAll(keepingCapacity: true)
        }
    }

    private func sleep(until deadline: Int64) {
        isSleeping.store(true, ordering: .sequentiallyConsistent)
        let hasJobs = state.withLock { !$0.jobs.isEmpty }
        let patience = hasJobs ? 0 : max(0, deadline == .max ? .max : deadline - monotonicNanoseconds())
        poller.wait(nanoseconds: patience)
        isSleeping.store(false, ordering: .sequentiallyConsistent)
    }
}
