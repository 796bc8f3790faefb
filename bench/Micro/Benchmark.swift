import Loop

/// One thing that is measured.
///
/// It runs on the pipeline thread, where the stages do it.
struct Benchmark: Sendable {
    typealias Run = @PipelineActor (_ times: Int) throws -> Void

    /// `group.what`, such as `wire.encode-request`.
    let name: String
    /// What one operation is.
    let summary: String
    /// Operations in one call of the body; figures are per operation.
    let batch: Int
    /// Operations in one run under callgrind: enough that the noise of threads that start does not show.
    let count: Int
    /// Makes what the operations need, and gives what carries them out.
    let prepare: @PipelineActor @Sendable () throws -> Run

    init<State>(
        _ name: String, _ summary: String, batch: Int = 1, count: Int = 4_000,
        prepare: @escaping @PipelineActor @Sendable () throws -> State,
        body: @escaping @PipelineActor @Sendable (inout State) throws -> Void
    ) {
        self.name = name
        self.summary = summary
        self.batch = batch
        self.count = count
        self.prepare = {
            var state = try prepare()
            return { times in try Self.carry(out: body, times, on: &state) }
        }
    }

    /// Apart, so that the access to what the closure above keeps is checked once and not for each operation.
    @PipelineActor
    private static func carry<State>(
        out body: @PipelineActor (inout State) throws -> Void, _ times: Int, on state: inout State
    ) rethrows {
        for _ in 0..<times { try body(&state) }
    }

    /// All of them, in the order a request meets them.
    static let all: [Benchmark] = intake + links + attempts + settling + everywhere
}

/// Takes a value nobody needs, so that making it cannot be left out.
///
/// The optimiser sees a use that it may not remove (SE-0465), in a function that it may not look into from outside.
@inline(never)
func blackHole<Value: ~Copyable>(_ value: borrowing Value) { extendLifetime(value) }
