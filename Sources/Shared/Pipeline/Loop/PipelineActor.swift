/// Everything on the data path.
///
/// Its executor is one thread, the pipeline thread, which owns the process's sockets, timers and transfers. What is
/// isolated to this actor needs no locks, and awaiting another function of it never changes threads.
@globalActor
package actor PipelineActor {
    package static let shared = PipelineActor()
    static let thread = PipelineThread()

    /// For tasks that come here often: what they do outside of any actor happens on the pipeline thread too, so that
    /// coming here changes no threads.
    ///
    /// Without it every return from another thread goes through the cooperative pool.
    package static let taskExecutor: any TaskExecutor = PipelineTaskExecutor()

    /// Runs `body` as code of this actor; stops the process unless it is called on the pipeline thread.
    ///
    /// For the other callers of that thread than jobs. Made like `MainActor.assumeIsolated`: the two types of function
    /// differ in their isolation alone, which has just been checked.
    static func assumeIsolated<R>(_ body: @PipelineActor () -> R) -> R {
        thread.checkIsolated()
        return withoutActuallyEscaping(body) { unsafeBitCast($0, to: (() -> R).self)() }
    }

    package nonisolated var unownedExecutor: UnownedSerialExecutor { Self.thread.asUnownedSerialExecutor() }
}

/// Runs what belongs to no actor on the pipeline thread, SE-0417.
final class PipelineTaskExecutor: TaskExecutor {
    func enqueue(_ job: consuming ExecutorJob) { PipelineActor.thread.enqueue(UnownedJob(job), isUnisolated: true) }
}
