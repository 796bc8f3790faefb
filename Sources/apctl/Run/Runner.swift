import Loop
import Queue
import Synchronization
import UnixSignals

/// What the parts of a run tell each other.
final class RunControl: Sendable {
    private struct State {
        var isStopping = false
        var stagesEnded = false
        var failure: String?
        var messages: [String] = []
    }
    private let state = Mutex(State())

    /// Somebody wants the run to end.
    var isStopping: Bool { state.withLock { $0.isStopping } }
    var stagesEnded: Bool { state.withLock { $0.stagesEnded } }
    /// Why a stage could not be kept running.
    var failure: String? { state.withLock { $0.failure } }

    func stop() { state.withLock { $0.isStopping = true } }

    func stagesEnded(_ failure: String?) {
        state.withLock {
            $0.stagesEnded = true
            $0.failure = failure
        }
    }

    func say(_ message: String) { state.withLock { $0.messages.append(message) } }

    func takeMessages() -> [String] {
        state.withLock { state in
            defer { state.messages = [] }
            return state.messages
        }
    }
}

/// Feeds, collects and shows, while the stages work.
struct Runner {
    let store: RunStore
    let supervisor: Supervisor
    let control: RunControl

    /// How a run ended.
    struct Ending: Equatable {
        var state: RunStore.State
        /// Why it ended early, if not because somebody wanted it to.
        var failure: String?
    }

    /// Returns when every line has its result, or the stages have drained after a signal, or one of them cannot run.
    func run(display: ProgressDisplay) async throws -> Ending {
        let signals = await UnixSignalsSequence(trapping: [.sigint, .sigterm])
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { control.stagesEnded(await supervisor.run()) }
            group.addTask { await obey(signals) }
            do {
                let ending = try await drive(display)
                // Every result is on the disk, or nothing runs any more.
                supervisor.kill()
                group.cancelAll()
                return ending
            } catch {
                supervisor.stop()
                group.cancelAll()
                throw error
            }
        }
    }

    /// The first signal drains, the second ends at once, unless it comes with the first.
    private func obey(_ signals: UnixSignalsSequence) async {
        var meaning = SignalMeaning()
        let start = ContinuousClock.now
        for await signal in signals {
            switch meaning.take(signal.rawValue, at: ContinuousClock.now - start) {
            case .drain:
                control.stop()
                supervisor.stop()
                control.say("Draining: what has been sent to the gateway is finished. Once more ends at once.")
            case .endNow: supervisor.kill()
            case .same, .unknown, .unknownAgain: break
            }
        }
    }

    private func drive(_ display: ProgressDisplay) async throws -> Ending {
        var display = display
        var state = try await store.open()
        var progress = Progress(total: state.total, done: state.done, failures: state.failures, now: Clock.monotonic)
        if state.fed > 0 { display.say("Going on: \(state.done) of \(state.total) have their results already.") }
        while true {
            let isLast = control.stagesEnded
            let feeds = !control.isStopping && !isLast
            do {
                state = try await store.step(feeds: feeds)
            } catch let error as QueueError where error.isTransient && !isLast {
                display.say("\(error); trying again")
                try await Task.sleep(for: .seconds(1))
                continue
            }
            progress.record(done: state.done, failures: state.failures, now: Clock.monotonic)
            for message in control.takeMessages() { display.say(message) }
            display.update(progress, now: Clock.monotonic)
            if state.isComplete || (isLast && state.moved == 0) {
                display.end()
                return Ending(state: state, failure: control.failure)
            }
            if state.moved == 0 { try await Task.sleep(for: .milliseconds(20)) }
        }
    }
}
