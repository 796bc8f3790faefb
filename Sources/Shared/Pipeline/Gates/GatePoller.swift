import Loop
import Primitives

/// Asks one source again and again, on its own: a slow one delays nobody else.
@PipelineActor
final class GatePoller {
    private let interval: Duration
    private let ask: @PipelineActor () async -> GateNews
    private let tell: @PipelineActor (GateNews) -> Void
    private var task: Task<Void, Never>?
    private var timer: TimerID?

    init(
        every interval: Duration, ask: @escaping @PipelineActor () async -> GateNews,
        tell: @escaping @PipelineActor (GateNews) -> Void
    ) {
        self.interval = interval
        self.ask = ask
        self.tell = tell
    }

    func start() {
        guard task == nil, timer == nil else { return }
        poll()
    }

    /// Nothing is told any more after this.
    func stop() {
        task?.cancel()
        task = nil
        if let timer { EventLoop.shared.cancel(timer) }
        timer = nil
    }

    private func poll() {
        timer = nil
        let begun = EventLoop.currentTime
        task = Task { [weak self, ask] in
            let news = await ask()
            guard let self, !Task.isCancelled else { return }
            task = nil
            tell(news)
            // It may have been stopped by what it told.
            guard !Task.isCancelled else { return }
            let pause = max(.milliseconds(10), interval - (EventLoop.currentTime - begun))
            timer = EventLoop.shared.schedule(after: pause) { [weak self] in self?.poll() }
        }
    }
}
