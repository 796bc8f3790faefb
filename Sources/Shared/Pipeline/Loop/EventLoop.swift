import HeapModule
import Primitives
import Synchronization

/// What the pipeline thread watches, and what it does when something happens.
///
/// One per process. A *turn*: handlers of ready descriptors, handlers of timers that are due, then every turn handler.
/// Handlers run on `PipelineActor` and must not block; a handler may add and remove watches and timers, also its own.
@PipelineActor
package final class EventLoop {
    package typealias Handler = @PipelineActor () -> Void

    /// The loop of this process.
    ///
    /// It starts turning with its first use.
    package static let shared = EventLoop()

    private struct Timer: Comparable {
        let due: Int64
        let id: UInt64
        static func < (a: Timer, b: Timer) -> Bool { a.due == b.due ? a.id < b.id : a.due < b.due }
    }

    private let poller = PipelineActor.thread.poller
    private var watches: [CInt: @PipelineActor (Readiness) -> Void] = [:]
    /// Descriptors that the system had no room to watch, which are tried again.
    private var refused: [CInt: Readiness] = [:]
    private var timers = Heap<Timer>()
    private var timerHandlers: [UInt64: Handler] = [:]
    private var turnHandlers: [(id: UInt64, handler: @PipelineActor () -> Duration?)] = []
    private var lastID: UInt64 = 0
    private var ready: [Poller.Ready] = []
    private var turnTime: Int64 = monotonicNanoseconds()

    private init() {
        PipelineActor.thread.start { self.turn() }
    }

    /// The time of this turn on a clock that only goes forward (CLOCK_MONOTONIC).
    package var now: Duration { .nanoseconds(turnTime) }

    /// The time now, on the clock of `now`.
    ///
    /// For what depends on how long this process stood still: between turns, and after the process was
    /// stopped and continued, `now` is as old as the turn before.
    package nonisolated static var currentTime: Duration { .nanoseconds(monotonicNanoseconds()) }

    /// When the loop last turned, nanoseconds of CLOCK_MONOTONIC; may be read on any thread, for liveness checks.
    package nonisolated static let lastTurn = LastTurn()

    /// Calls `handler` in each turn in which `descriptor` is ready for any of `interest`, or has failed.
    package func watch(
        _ descriptor: CInt, _ interest: Readiness, _ handler: @escaping @PipelineActor (Readiness) -> Void
    ) {
        let isNew = watches.updateValue(handler, forKey: descriptor) == nil
        let isWatched = isNew ? poller.add(descriptor, interest) : poller.change(descriptor, interest)
        if isWatched { refused[descriptor] = nil } else { watchLater(descriptor, interest) }
    }

    private func watchLater(_ descriptor: CInt, _ interest: Readiness) {
        let isWaiting = refused.updateValue(interest, forKey: descriptor) != nil
        if isWaiting { return }
        schedule(after: .milliseconds(100)) { [self] in
            guard let interest = refused.removeValue(forKey: descriptor), watches[descriptor] != nil else { return }
            if !poller.change(descriptor, interest) { watchLater(descriptor, interest) }
        }
    }

    /// Stops watching; call it before closing the descriptor.
    package func unwatch(_ descriptor: CInt) {
        refused[descriptor] = nil
        if watches.removeValue(forKey: descriptor) != nil { poller.remove(descriptor) }
    }

    package func isWatched(_ descriptor: CInt) -> Bool { watches[descriptor] != nil }

    /// Calls `handler` once, not before `delay` has passed.
    ///
    /// Resolution: that of epoll_pwait2(2), about 50 µs; a millisecond on kernels before 5.11.
    @discardableResult
    package func schedule(after delay: Duration, _ handler: @escaping Handler) -> TimerID {
        let id = nextID()
        timers.insert(Timer(due: monotonicNanoseconds() + delay.nanoseconds, id: id))
        timerHandlers[id] = handler
        return TimerID(value: id)
    }

    /// Waits on the loop, without its thread.
    package func pause(for delay: Duration) async {
        await withCheckedContinuation { continuation in schedule(after: delay) { continuation.resume() } }
    }

    /// Harmless for a timer that has fired.
    package func cancel(_ timer: TimerID) { timerHandlers[timer.value] = nil }

    /// Calls `handler` at the end of every turn, in the order of registration; it answers how long the next turn may be
    /// away, zero if it has more to do at once, or `nil` if that is all the same to it.
    @discardableResult
    package func onTurn(_ handler: @escaping @PipelineActor () -> Duration?) -> TurnHandlerID {
        let id = nextID()
        turnHandlers.append((id, handler))
        return TurnHandlerID(value: id)
    }

    package func remove(_ handler: TurnHandlerID) { turnHandlers.removeAll { $0.id == handler.value } }

    private func nextID() -> UInt64 {
        lastID += 1
        return lastID
    }

    /// - Returns: when the next turn starts at the latest.
    private func turn() -> Int64 {
        turnTime = monotonicNanoseconds()
        Self.lastTurn.nanoseconds.store(turnTime, ordering: .relaxed)
        handleReady()
        handleTimers()
        // At least one turn a second, so that `lastTurn` says whether the thread still turns.
        return min(handleTurn(), timers.min?.due ?? .max, turnTime + 1_000_000_000)
    }

    private func handleReady() {
        poller.takeReady(into: &ready)
        for item in ready { watches[item.descriptor]?(item.readiness) }
    }

    private func handleTimers() {
        while let timer = timers.min, timer.due <= turnTime {
            timers.removeMin()
            timerHandlers.removeValue(forKey: timer.id)?()
        }
    }

    /// - Returns: when a handler wants the next turn.
    private func handleTurn() -> Int64 {
        var next = Int64.max
        for entry in turnHandlers {
            if let delay = entry.handler() { next = min(next, turnTime + delay.nanoseconds) }
        }
        return next
    }
}

/// Names a timer of the event loop.
package struct TimerID: Sendable, Hashable { fileprivate let value: UInt64 }

/// Names a turn handler of the event loop.
package struct TurnHandlerID: Sendable, Hashable { fileprivate let value: UInt64 }

/// When the event loop last turned.
package final class LastTurn: Sendable {
    fileprivate let nanoseconds = Atomic<Int64>(monotonicNanoseconds())

    /// How long ago; about a second at most in a healthy process.
    package var age: Duration { .nanoseconds(monotonicNanoseconds() - nanoseconds.load(ordering: .relaxed)) }
}

extension Duration {
    /// Whole nanoseconds, clamped to 146 years, so that a time and a delay always have a sum.
    package var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let bound: Int64 = .max / 2_000_000_000
        guard seconds.magnitude < bound else { return (seconds < 0 ? -bound : bound) * 1_000_000_000 }
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }
}
