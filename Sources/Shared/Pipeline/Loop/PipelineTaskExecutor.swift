/// Runs what belongs to no actor on the pipeline thread, SE-0417.
final class PipelineTaskExecutor: TaskExecutor {
    func enqueue(_ job: consuming ExecutorJob) { PipelineActor.thread.enqueue(UnownedJob(job), isUnisolated: true) }
}
