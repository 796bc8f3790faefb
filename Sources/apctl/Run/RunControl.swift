import Synchronization

/// What the parts of a run tell each other, and the person who started it.
final class RunControl: Sendable {
    private struct State {
        var isStopping = false
        var stagesEnded = false
        var failure: StageFailure?
        var isHopeless = false
    }
    private let state = Mutex(State())
    private let scene: Mutex<RunScene>
    private let display: Mutex<ProgressDisplay>

    init(display: ProgressDisplay = ProgressDisplay()) {
        self.display = Mutex(display)
        scene = Mutex(RunScene(progress: Progress(total: 0, done: 0, now: 0)))
    }

    /// Somebody wants the run to end.
    var isStopping: Bool { state.withLock { $0.isStopping } }
    var stagesEnded: Bool { state.withLock { $0.stagesEnded } }
    /// Why a stage could not be kept running.
    var failure: StageFailure? { state.withLock { $0.failure } }
    /// The gateway is of no use, and nobody wants to wait for it.
    var isHopeless: Bool { state.withLock { $0.isHopeless } }

    func stop() {
        state.withLock { $0.isStopping = true }
        change { $0.isFinishing = true }
    }

    func stagesEnded(_ failure: StageFailure?) {
        state.withLock {
            $0.stagesEnded = true
            $0.failure = failure
        }
    }

    func giveUpGateway() { state.withLock { $0.isHopeless = true } }

    var seen: RunScene { scene.withLock { $0 } }
    func change(_ body: @Sendable (inout RunScene) -> Void) { scene.withLock { body(&$0) } }

    /// Writes a line at once.
    func say(_ message: String) { display.withLock { $0.say(message) } }

    /// Shows how things are, if it is time to.
    func show() {
        var scene = seen
        guard scene.lastStep != nil else { return }
        scene.wallClock = Clock.now
        display.withLock { $0.update(scene, now: Clock.monotonic) }
    }

    func endDisplay() { display.withLock { $0.end() } }

    func pauseDisplay(_ isPaused: Bool) {
        display.withLock { display in
            display.end()
            display.isPaused = isPaused
        }
    }
}
