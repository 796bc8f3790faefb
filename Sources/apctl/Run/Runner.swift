import Foundation
import Loop
import Queue
import UnixSignals

/// Feeds, collects and shows, while the stages work.
struct Runner {
    let store: RunStore
    let supervisor: Supervisor
    let control: RunControl
    /// `nil` where nobody can say how the gateway is.
    var watch: GatewayWatch?
    /// The gateway is waited for however long it is of no use.
    var keepsGoing = false

    /// How a run ended.
    struct Ending: Equatable {
        enum Reason: Equatable {
            /// Every line has its result.
            case complete
            /// Somebody wanted it to.
            case stopped
            /// The gateway is of no use; why.
            case hopeless(String)
            /// A stage could not be kept running.
            case failed(StageFailure)
        }

        var state: RunStore.State
        var reason: Reason
    }

    /// Returns when every line has its result, or the stages have drained after a signal, or one of them cannot run, or the
    /// gateway is given up.
    func run() async throws -> Ending {
        let signals = await UnixSignalsSequence(trapping: [.sigint, .sigterm])
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { control.stagesEnded(await supervisor.run()) }
            group.addTask { await obey(signals) }
            group.addTask { await watchGateway() }
            group.addTask { await show() }
            do {
                let ending = try await drive()
                // Every result is on the disk, or nothing runs any more, or nothing could come of it.
                supervisor.kill()
                group.cancelAll()
                control.endDisplay()
                return ending
            } catch {
                // Where there is no room nothing can be finished.
                if (error as? RunError)?.isFullDisk == true { supervisor.kill() } else { supervisor.stop() }
                group.cancelAll()
                control.endDisplay()
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
                // A terminal that was told to wait (Ctrl-S) does not take it.
                Thread.detachNewThread {
                    // Whatever was asked needs no answer any more.
                    control.pauseDisplay(false)
                    control.say("Finishing what has been sent to the gateway. Ctrl-C again gives it up.")
                }
            case .endNow:
                supervisor.kill()
                Self.endSoon()
            case .same, .unknown, .unknownAgain: break
            }
        }
    }

    /// Ends the process whatever hangs, such as a file system; the state is as after a crash.
    private static func endSoon() {
        Thread.detachNewThread {
            usleep(700_000)
            _exit(RunExit.stopped.rawValue)
        }
    }

    private func show() async {
        while !Task.isCancelled {
            control.show()
            try? await Task.sleep(for: .milliseconds(200))
        }
    }

    private func watchGateway() async {
        guard let watch else { return }
        var (patience, news) = (GatewayPatience(), GatewayNews())
        while !Task.isCancelled, !control.isStopping {
            let report = await watch.look()
            control.change { $0.gateway = report }
            if let line = news.line(for: report, now: Clock.monotonic) { control.say(line) }
            if patience.decide(report, hasAnswered: control.seen.hasAnswered, now: Clock.monotonic), !keepsGoing {
                return Question.canBeAsked ? ask() : control.giveUpGateway()
            }
            try? await Task.sleep(for: .seconds(1))
        }
    }

    /// Asked once: whoever wants to keep trying has said so.
    private func ask() {
        control.pauseDisplay(true)
        Question.ask("The gateway has been of no use from the beginning. Keep trying?") { isYes in
            control.pauseDisplay(false)
            guard isYes else { return control.giveUpGateway() }
            var patient = self
            patient.keepsGoing = true
            Task { [patient] in await patient.watchGateway() }
        }
    }

    private func drive() async throws -> Ending {
        var state = try await store.open()
        var progress = Progress(total: state.total, done: state.done, now: Clock.monotonic)
        control.change { [progress, state] in $0.update(progress, state, now: Clock.monotonic) }
        if let note = try await store.note() { control.say(note) }
        if state.fed > 0 { control.say("Going on: \(state.done) of \(state.total) have their results already.") }
        var lastTrouble = ""
        while true {
            let isLast = control.stagesEnded
            let feeds = !control.isStopping && !isLast
            do {
                state = try await store.step(feeds: feeds)
            } catch let error as QueueError where error.isTransient && !isLast {
                if error.isFullDisk { throw RunError.fullDisk("\(error)") }
                if "\(error)" != lastTrouble { control.say("\(error); trying again") }
                lastTrouble = "\(error)"
                try await Task.sleep(for: .seconds(1))
                continue
            }
            progress.record(done: state.done, now: Clock.monotonic)
            control.change { [progress, state] in $0.update(progress, state, now: Clock.monotonic) }
            if let reason = reason(to: state, isLast: isLast) { return Ending(state: state, reason: reason) }
            if state.moved == 0 { try await Task.sleep(for: .milliseconds(20)) }
        }
    }

    /// Why the run is over; `nil` while it is not.
    private func reason(to state: RunStore.State, isLast: Bool) -> Ending.Reason? {
        if state.isComplete { return .complete }
        if control.isHopeless { return .hopeless(control.seen.gateway?.sentence ?? "The gateway is of no use.") }
        guard isLast, state.moved == 0 else { return nil }
        return control.failure.map { .failed($0) } ?? .stopped
    }
}

extension RunScene {
    /// Whether a request has had a good answer since this command began.
    var hasAnswered: Bool { goodBefore.map { progress.done - failures.count > $0 } ?? false }

    mutating func update(_ progress: Progress, _ state: RunStore.State, now: Double) {
        self.progress = progress
        failures = state.failures
        backlog = state.backlog
        lastStep = now
        goodBefore = goodBefore ?? progress.done - failures.count
    }
}
