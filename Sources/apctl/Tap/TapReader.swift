import Loop
import ZeroMQ

/// Reads several taps at once and prints what they publish, until it is stopped or has printed enough.
@PipelineActor
final class TapReader {
    private let sources: [TapSource]
    private var printer: TapPrinter
    private let out: @Sendable (String) -> Void
    private let note: @Sendable (String) -> Void
    private var turnHandler: TurnHandlerID?
    private var waiter: CheckedContinuation<Void, Never>?
    private var isStopped = false

    private static let copiesPerTurn = 256
    private static let patience = Duration.seconds(3)

    /// - Parameters:
    ///   - out: takes lines of copies.
    ///   - note: takes what is said about connections and copies not shown.
    init(
        _ endpoints: [String], _ printer: TapPrinter, out: @escaping @Sendable (String) -> Void,
        note: @escaping @Sendable (String) -> Void
    ) throws(ZeroMQError) {
        let context = try Context()
        var sources: [TapSource] = []
        for endpoint in endpoints {
            sources.append(
                try TapSource(context, endpoint: endpoint, subscriptions: printer.filter.subscriptions))
        }
        self.sources = sources
        self.printer = printer
        self.out = out
        self.note = note
        turnHandler = EventLoop.shared.onTurn { [weak self] in self?.turn() == true ? .zero : nil }
        EventLoop.shared.schedule(after: Self.patience) { [weak self] in self?.sayWhoIsSilent() }
        everySecond()
    }

    /// Waits until it has stopped.
    func untilStopped() async {
        if isStopped { return }
        await withCheckedContinuation { waiter = $0 }
    }

    func stop() {
        if isStopped { return }
        isStopped = true
        if let turnHandler { EventLoop.shared.remove(turnHandler) }
        for source in sources { source.close() }
        sayWhatIsMissing(at: .max)
        waiter?.resume()
        waiter = nil
    }

    /// - Returns: whether there may be more.
    private func turn() -> Bool {
        var text = ""
        var hasMore = false
        do {
            for source in sources where !isStopped {
                say(try source.connectionNews())
                hasMore = try read(source, into: &text) || hasMore
            }
        } catch {
            say("cannot read: \(error)\n")
            stop()
        }
        if !text.isEmpty { out(text) }
        if printer.isFinished { stop() }
        return hasMore && !isStopped
    }

    private func read(_ source: TapSource, into text: inout String) throws(ZeroMQError) -> Bool {
        for _ in 0..<Self.copiesPerTurn {
            if printer.isFinished { return false }
            guard let document = try source.receive() else { return false }
            let (output, note) = printer.print(document, now: seconds)
            text += output
            say(note)
        }
        return true
    }

    private func everySecond() {
        EventLoop.shared.schedule(after: .seconds(1)) { [weak self] in
            guard let self, !isStopped else { return }
            sayWhatIsMissing(at: seconds)
            everySecond()
        }
    }

    private func sayWhatIsMissing(at second: Int64) {
        say(printer.pass(to: second))
        for source in sources { say(source.takeLost()) }
    }

    private func sayWhoIsSilent() {
        guard !isStopped else { return }
        for source in sources { say(source.silence()) }
    }

    private var seconds: Int64 { EventLoop.shared.now.components.seconds }

    private func say(_ text: String) {
        if !text.isEmpty { note(text) }
    }
}
