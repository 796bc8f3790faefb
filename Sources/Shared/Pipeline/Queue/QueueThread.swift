import Foundation
import Synchronization

/// A thread for one client that blocks (a Redis connection, a database): the serial executor of its actor.
///
/// The cooperative pool never blocks: an actor whose `unownedExecutor` is one of these may. Whoever blocks looks at
/// `Task.isCancelled` at least every 100 ms. The thread ends when the executor is released.
package final class QueueThread: SerialExecutor {
    private struct Job {
        let job: UnownedJob
        let executor: UnownedSerialExecutor
    }

    /// What the thread holds on to; not the executor itself, so that releasing that ends the thread.
    private final class Mailbox: Sendable {
        private struct State {
            var jobs: [Job] = []
            var isClosed = false
        }
        private let state = Mutex(State())
        private let available = DispatchSemaphore(value: 0)

        func put(_ job: Job) {
            state.withLock { $0.jobs.append(job) }
            available.signal()
        }

        func close() {
            state.withLock { $0.isClosed = true }
            available.signal()
        }

        func serve() {
            while true {
                available.wait()
                let (jobs, isClosed) = state.withLock { state in
                    let jobs = state.jobs
                    state.jobs.removeAll(keepingCapacity: true)
                    return (jobs, state.isClosed)
                }
                for job in jobs { job.job.runSynchronously(on: job.executor) }
                if isClosed { return }
            }
        }
    }

    private let mailbox = Mailbox()

    package init(name: String) {
        let mailbox = mailbox
        let thread = Thread { mailbox.serve() }
        thread.name = name
        thread.start()
    }

    deinit { mailbox.close() }

    package func enqueue(_ job: consuming ExecutorJob) {
        mailbox.put(Job(job: UnownedJob(job), executor: asUnownedSerialExecutor()))
    }
}
