import Queue
import Redis
import Synchronization

/// What the two connections of a source know together: whether the server answers, and whether there was a gap in which
/// leases may have expired that their holders would have renewed.
final class RedisSortedSetState: Sendable {
    /// Who uses the server, each over a connection of its own.
    enum User {
        case reader, renewer
    }

    private struct State {
        var gate: TakeOverGate
        var reader = QueueHealth.unreachable(reason: "not connected yet")
        var renewer = QueueHealth.reachable
        var heardAt = ContinuousClock.now

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

    var health: QueueHealth { state.withLock { $0.reader == .reachable ? $0.renewer : $0.reader } }

    /// Nobody has used the server for so long that what was true then may not be any more.
    var isOld: Bool { state.withLock { ContinuousClock.now - $0.heardAt > .seconds(2) } }

    /// Runs something that uses the server and notes how it went.
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

    /// The server was away, or has just been started.
    func gap() { state.withLock { $0.gate.fail() } }

    /// The server has answered somebody who may go on waiting.
    ///
    /// - Parameter time: the server's clock, by which leases end, milliseconds since 1970.
    func answered(at time: Int64) {
        state.withLock { state in
            state.note(.reader, .reachable)
            state.gate.turn(at: runningClock(), leases: time)
        }
    }

    /// Notes that the process runs.
    ///
    /// - Returns: until when, by the server's clock, expired leases may be taken over; -1: they may not. Should that
    ///   clock show more, it has been set ahead, and leases look expired that are not.
    func takeOverLimit() -> Int64 {
        state.withLock { state in
            let now = runningClock()
            state.gate.turn(at: now)
            return state.gate.isOpen(at: now) ? state.gate.latest(at: now) : -1
        }
    }
}
