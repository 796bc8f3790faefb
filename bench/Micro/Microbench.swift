import ArgumentParser
import Dispatch
import Loop
import Synchronization

/// Runs parts of the stages many times; `scripts/microbench` counts what they cost.
@main
struct Microbench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "microbench", abstract: "Runs the parts of the stages that every request pays for.",
        subcommands: [List.self, Run.self, Time.self])
}

struct List: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Name the benchmarks: name, operations, what one is.")

    func run() {
        for benchmark in Benchmark.all { print("\(benchmark.name)\t\(benchmark.count)\t\(benchmark.summary)") }
    }
}

struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Carry out one benchmark and nothing else, for a profiler.")

    @Argument(help: "Its name.") var name: String
    @Option(help: "Operations.") var count: Int?

    func run() throws {
        let benchmark = try find(name)
        let times = (count ?? benchmark.count) / benchmark.batch
        try onPipelineThread { try benchmark.prepare()(times) }
    }
}

struct Time: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Time benchmarks: name, then best and median nanoseconds per operation.")

    @Argument(help: "Names, or how they begin; all without.") var names: [String] = []
    @Option(help: "Runs of each.") var rounds = 11
    @Option(help: "Milliseconds of one run, about.") var milliseconds = 20

    func run() throws {
        for benchmark in Benchmark.all
        where names.isEmpty || names.contains(where: { benchmark.name.hasPrefix($0) }) {
            let (best, median) = try onPipelineThread { try time(benchmark) }
            print("\(benchmark.name)\t\(rounded(best))\t\(rounded(median))")
        }
    }

    @PipelineActor
    private func time(_ benchmark: Benchmark) throws -> (best: Double, median: Double) {
        let run = try benchmark.prepare()
        let clock = ContinuousClock()
        var times = 1
        while try clock.measure({ try run(times) }) < .milliseconds(milliseconds) / 2 { times *= 2 }
        var runs: [Double] = []
        for _ in 0..<max(1, rounds) {
            runs.append(try clock.measure { try run(times) } / .nanoseconds(times * benchmark.batch))
        }
        runs.sort()
        return (runs[0], runs[runs.count / 2])
    }

    private func rounded(_ value: Double) -> String {
        value < 100 ? "\((value * 10).rounded() / 10)" : "\(Int(value.rounded()))"
    }
}

/// Carries out `body` there, and waits here.
///
/// Not by an asynchronous `main`: the thread that begins that ends at once, which valgrind does not survive.
private func onPipelineThread<R: Sendable>(_ body: @escaping @PipelineActor @Sendable () throws -> R) throws -> R {
    let result = Mutex<Result<R, any Error>?>(nil)
    let isDone = DispatchSemaphore(value: 0)
    Task { @PipelineActor in
        let value = Result { try body() }
        result.withLock { $0 = value }
        isDone.signal()
    }
    isDone.wait()
    guard let value = result.withLock({ $0 }) else { preconditionFailure("signalled without a result") }
    return try value.get()
}

private func find(_ name: String) throws -> Benchmark {
    guard let benchmark = Benchmark.all.first(where: { $0.name == name }) else {
        throw ValidationError("There is no benchmark \(name); `microbench list` names them.")
    }
    return benchmark
}
