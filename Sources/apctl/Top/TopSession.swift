import Foundation
import UnixSignals

/// What `apctl top` shows while it runs.
struct TopSession {
    /// What can happen.
    enum Event {
        case scene(TopScene)
        case keys([UInt8])
        /// No key has come for a moment.
        case pause
        /// Somebody wants it to end, or nobody can see it any more.
        case end
    }

    let asker: StageAsker
    /// That end it.
    let signals: UnixSignalsSequence
    /// Seconds from one round to the next.
    let interval: Double
    /// Screens after which it ends; `nil` for no end.
    let count: Int?

    /// Seconds until the second round, if the interval is longer: there are no rates before.
    private static let soon = 2.0
    private static let keyPatience: CInt = 250

    /// Writes a block of text for each round but the first, of which nothing can be said but where everything is.
    func printBlocks(width: Int) async {
        var (seen, printed) = (0, 0)
        let screen = TopScreen(width: width, rows: nil, view: nil)
        for await event in events(withKeys: false) {
            guard case .scene(let scene) = event else { return }
            seen += 1
            if seen == 1 { continue }
            let text = screen.lines(scene).map { $0.text + "\n" }.joined()
            guard Console.out((printed > 0 ? "\n" : "") + text) else { return }
            printed += 1
            if printed == count { return }
        }
    }

    /// Shows a screen that keys change, until somebody ends it.
    func show(on terminal: KeyTerminal, isColoured: Bool) async {
        var keys = KeyReader()
        var view = TopView()
        var shown = 0
        /// What has come last, and what is to be seen: not the same while the screen is paused.
        var (latest, scene): (TopScene?, TopScene?) = (nil, nil)
        var last: [String] = []
        var size = terminal.size
        for await event in events(withKeys: true) {
            var pressed: [Key] = []
            switch event {
            case .end: return
            case .scene(let scene):
                latest = scene
                shown += 1
            case .keys(let bytes): pressed = keys.take(bytes)
            case .pause:
                pressed = keys.pause()
                if pressed.isEmpty, terminal.size == size { continue }
            }
            size = terminal.size
            if let scene {
                for key in pressed {
                    let screen = TopScreen(width: size.columns, rows: size.rows, view: view)
                    view.take(key, in: scene, furthest: screen.furthestScroll(scene))
                }
            } else if pressed.contains(.character("q")) {
                return
            }
            if view.isOver { return }
            if !view.isPaused { scene = latest }
            let lines = Self.lines(scene, view, size, isColoured: isColoured)
            if lines != last {
                guard terminal.show(lines) else { return }
                last = lines
            }
            if shown == count { return }
        }
    }

    private static func lines(
        _ scene: TopScene?, _ view: TopView, _ size: (columns: Int, rows: Int), isColoured: Bool
    ) -> [String] {
        guard let scene else { return ["asking the stages …"] }
        let lines = TopScreen(width: size.columns, rows: size.rows, view: view).lines(scene)
        return lines.map { isColoured ? $0.coloured : $0.text }
    }

    /// Scenes, signals and, if wanted, keys: whatever a scene takes, keys are served.
    private func events(withKeys: Bool) -> AsyncStream<Event> {
        let (stream, events) = AsyncStream.makeStream(of: Event.self, bufferingPolicy: .bufferingNewest(1000))
        let task = Task.detached {
            for await _ in signals { break }
            events.yield(.end)
        }
        events.onTermination = { _ in task.cancel() }
        Thread.detachNewThread { [self] in
            var history = TopHistory()
            var wait = min(interval, Self.soon)
            while true {
                let next = Date(timeIntervalSinceNow: wait)
                if case .terminated = events.yield(.scene(history.take(asker.ask()))) { return }
                Thread.sleep(until: next)
                wait = interval
            }
        }
        if withKeys {
            Thread.detachNewThread {
                while let bytes = KeyTerminal.read(within: Self.keyPatience) {
                    if case .terminated = events.yield(bytes.isEmpty ? .pause : .keys(bytes)) { return }
                }
                events.yield(.end)
            }
        }
        return stream
    }
}
