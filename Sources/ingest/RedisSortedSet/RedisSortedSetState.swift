import Queue
import Redis
import Synchronization

/// State that the two connections of a source share: whether the server answers, whether there was a gap in which leases
/// may have expired that their holders would have renewed, and what has been taken over.
final class RedisSortedSetState: Sendable {
    /// The users of the server, each with a connection of its own.
    enum User {
        case reader, renewer
    }

    private struct State {
        var gate: TakeOverGate
        var reader = QueueHealth.unreachable(reason: "not connected yet")
        var renewer = QueueHealth.reachable
        var heardAt = ContinuousClock.now
        var takeovers = 0

        mutating func note(_ user: User, _ health: QueueHealth) {
            heardAt = .now
            switch user {
            case .reader: reader = health
            case .renewer: renewer = health
            }
        }
    }

    private let state: Mutex<State>

    init(_ settings: RedisSortedSetSettings) {
        let gate = TakeOverGate(
            leaseMilliseconds: max(1, settings.lease.milliseconds), holdOff: settings.holdAfterGap.milliseconds)
        state = Mutex(State(gate: gate))
    }

    /// Leases that others had let expire and this source has taken over so far.
    var takeovers: Int { state.withLock(\.takeovers) }

    var health: QueueHealth { state.withLock { $0.reader == .reachable ? $0.renewer : $0.reader } }

    /// The last call to the server is so old that its result may no longer hold.
    var isOld: Bool { state.withLock { ContinuousClock.now - $0.heardAt > .seconds(2) } }

    /// Runs a call to the server and records its result.
    func noting<T>(_ user: User, _ body: () throws(RedisError) -> T) throws(QueueError) -> T {
        do throws(RedisError) {
            let value = try body()
            state.withLock {
                $0.note(user, .reachable)
                $0.gate.turn(at: runningClock())
            }
            return value
        } catch {
            state.withLock {
                $0.note(user, .unreachable(reason: error.description))
                $0.gate.fail()
            }
            throw QueueError(error)
        }
    }

    func tookOver(_ count: Int) { state.withLock { $0.takeovers += count } }

    /// Records a gap: the server was away, or has just been started.
    func gap() { state.withLock { $0.gate.fail() } }

    /// The server has answered a caller that may go on waiting.
    ///
    /// - Parameter time: the server's clock, by which leases end, milliseconds since 1970.
    func answered(at time: Int64) {
        state.withLock { state in
            state.note(.reader, .reachable)
            state.gate.turn(at: runningClock(), leases: time)
        }
    }

    /// Records that the process runs.
    ///
    /// - Returns: until when, by the server's clock, expired leases may be taken over; -1: they may not. If that clock
    ///   shows a later time, it has been set ahead, and leases look expired that are not.
    func takeOverLimit() -> Int64 {
        state.withLock { state in
            let now = runningClock()
            state.gate.turn(at: now)
            return state.gate.isOpen(at: now) ? state.gate.latest(at: now) : -1
        }
    }
}
