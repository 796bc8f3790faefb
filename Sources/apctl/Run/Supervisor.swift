import Glibc
import Subprocess
import Synchronization
import SystemPackage

/// Why a stage could not be kept running.
struct StageFailure: Equatable, Sendable {
    var reason: String
    /// Something must be put right before it can run at all.
    var isLasting: Bool
}

/// Keeps the stages running until it is told to stop.
final class Supervisor: Sendable {
    private struct State {
        var running: [String: pid_t] = [:]
        /// The last signal that the stages were given: also for one that is being started meanwhile.
        var signal: CInt?
    }

    private let stages: [StageCommand]
    /// The executable of apctl, which starts stages through `stage-process`.
    private let launcher: String
    /// Told about restarts.
    private let announce: @Sendable (String) -> Void
    private let state = Mutex(State())

    init(_ stages: [StageCommand], launcher: String, announce: @escaping @Sendable (String) -> Void) {
        self.stages = stages
        self.launcher = launcher
        self.announce = announce
    }

    /// Starts the stages and returns when all of them are gone.
    ///
    /// - Returns: `nil` when they were told to stop; otherwise why one of them could not be kept running.
    func run() async -> StageFailure? {
        await withTaskGroup(of: StageFailure?.self) { group in
            for stage in stages { group.addTask { await self.keep(stage) } }
            var first: StageFailure?
            for await failure in group {
                first = first ?? failure
                if failure != nil { stop() }
            }
            return first
        }
    }

    /// Lets the stages finish what they hold and end; none is started again.
    func stop() { signal(SIGTERM) }

    /// Ends the stages at once.
    ///
    /// What they held stays on the queue.
    func kill() { signal(SIGKILL) }

    /// The stages that run, by name.
    var running: [String: pid_t] { state.withLock { $0.running } }

    private func signal(_ signal: CInt) {
        let running = state.withLock { state in
            state.signal = signal
            return state.running.values
        }
        for id in running { Glibc.kill(id, signal) }
    }

    private var isStopping: Bool { state.withLock { $0.signal != nil } }

    private func keep(_ stage: StageCommand) async -> StageFailure? {
        var policy = RestartPolicy()
        while !isStopping {
            let end: RestartPolicy.End
            let log = StageLog(path: stage.log)
            do {
                end = try await start(stage)
            } catch {
                return StageFailure(reason: "\(stage.name) cannot be started: \(error)", isLasting: true)
            }
            if isStopping { return nil }
            switch policy.decide(end, now: Clock.monotonic) {
            case .giveUp(let reason):
                return StageFailure(
                    reason: "\(stage.name) \(reason); its log is \(stage.log)\(log.lastWords)",
                    isLasting: end.lastingReason != nil)
            case .restart(let pause):
                announce("\(stage.name) ended with \(end) and is started again; its log is \(stage.log)")
                do { try await Task.sleep(for: .seconds(pause)) } catch { return nil }
            }
        }
        return nil
    }

    /// Runs the stage until it ends.
    private func start(_ stage: StageCommand) async throws -> RestartPolicy.End {
        var options = PlatformOptions()
        // Not in the terminal's group: Ctrl-C is for apctl, which then tells the stages, once.
        options.processGroupID = 0
        let environment = Dictionary(
            stage.environment.map { (Environment.Key(stringLiteral: $0.key), $0.value) }, uniquingKeysWith: { $1 })
        let arguments = ["stage-process", "\(getpid())", stage.log, stage.executable] + stage.arguments
        defer { state.withLock { $0.running[stage.name] = nil } }
        let result = try await Subprocess.run(
            .path(FilePath(launcher)), arguments: Arguments(arguments), environment: .custom(environment),
            platformOptions: options, input: .none, output: .discarded, error: .discarded
        ) { execution in
            let id = execution.processIdentifier.value
            let signal = state.withLock { state in
                state.running[stage.name] = id
                return state.signal
            }
            if let signal { Glibc.kill(id, signal) }
        }
        switch result.terminationStatus {
        case .exited(let code): return .exited(code)
        case .signaled(let signal): return .signalled(signal)
        }
    }
}
