import Queue
import Redis
import Synchronization

/// What the two connections of a source know together: whether the server answers, and whether there was a gap in which
/// leases may have expired that their holders would have renewed.
final class SharedLeases: Sendable {
    private struct State {
        var gate: TakeOverGate
        var health = QueueHealth.unreachable(reason: "not connected yet")
    }

    private let state: Mutex<State>

    init(_ settings: SortedSetSettings) {
        let gate = TakeOverGate(
            leaseMilliseconds: max(1, settings.lease.milliseconds), holdOff: settings.holdAfterGap.milliseconds)
        state = Mutex(State(gate: gate))
    }

    var health: QueueHealth { state.withLock(\.health) }

    /// Runs something that uses the server and notes how it went.
    func noting<T>(_ body: () throws(RedisError) -> T) throws(QueueError) -> T {
        do throws(RedisError) {
            let value = try body()
            state.withLock {
                $0.health = .reachable
                $0.gate.turn(at: runningClock())
            }
            return value
        } catch {
            state.withLock {
                $0.health = .unreachable(reason: error.description)
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
            state.health = .reachable
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
