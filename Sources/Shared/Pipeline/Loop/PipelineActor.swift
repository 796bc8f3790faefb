/// Everything on the data path.
///
/// Its executor is one thread, the pipeline thread, which owns the process's sockets, timers and transfers. What is
/// isolated to this actor needs no locks, and awaiting another function of it never changes threads.
@globalActor
package actor PipelineActor {
    package static let shared = PipelineActor()
    static let thread = PipelineThread()

    package nonisolated var unownedExecutor: UnownedSerialExecutor { Self.thread.asUnownedSerialExecutor() }
}
