import Foundation
import Primitives
import Settings
import Synchronization

/// Asks all stages at once: what one of them does not answer costs the others nothing.
final class StageAsker: Sendable {
    private let places: [(stage: StageName, address: HTTPAddress)]
    private let timeout: Duration
    /// Those whose thread still waits, in a look-up for example: they get no second one.
    private let busy = Mutex<Set<ProcessID>>([])

    /// Beyond the time for an answer, in which an answer that took it is noted.
    private static let grace = Duration.milliseconds(500)

    init(_ places: [(stage: StageName, address: HTTPAddress)], timeout: Duration) {
        var seen: Set<ProcessID> = []
        self.places = places.filter { seen.insert(ProcessID(stage: $0.stage, address: $0.address.authority)).inserted }
        self.timeout = timeout
    }

    /// Asks each process of each name; blocks the thread until all have answered, or the time for that is over.
    func ask() -> Round {
        let answers = Answers(places.count)
        answers.begin()
        for (index, place) in places.enumerated() {
            // The name is looked up beside the others, too.
            run(ProcessID(stage: place.stage, address: "name \(place.address.authority)"), answers) { [self] in
                let machines = place.address.onEachMachine
                answers.note(machines, of: index)
                for machine in machines { ask(place.stage, machine, index, answers) }
            }
        }
        answers.end()
        let found = answers.wait(atMost: timeout + Self.grace)
        return Round(time: Clock.monotonic, wallClock: .now(), readings: readings(found))
    }

    private func ask(_ stage: StageName, _ address: HTTPAddress, _ index: Int, _ answers: Answers) {
        run(ProcessID(stage: stage, address: address.authority), answers) { [timeout] in
            answers.note(StageReading.ask(stage, at: address, timeout: timeout), of: index)
        }
    }

    /// Runs `body` on a thread of its own, unless one of that name still runs.
    private func run(_ id: ProcessID, _ answers: Answers, _ body: @escaping @Sendable () -> Void) {
        guard busy.withLock({ $0.insert(id).inserted }) else { return }
        answers.begin()
        Thread.detachNewThread { [self] in
            body()
            _ = busy.withLock { $0.remove(id) }
            answers.end()
        }
    }

    private func readings(_ found: [Answers.Place]) -> [StageReading] {
        zip(places, found).flatMap { place, answer in
            guard let machines = answer.machines else {
                return [late(place.stage, place.address, "resolve \(place.address.host): timed out")]
            }
            return machines.map { machine in
                answer.readings[machine.authority] ?? late(place.stage, machine, "no whole answer in time")
            }
        }
    }

    private func late(_ stage: StageName, _ address: HTTPAddress, _ error: String) -> StageReading {
        StageReading(report: StageReport(silent: stage, address, error: error), figures: nil, time: Clock.monotonic)
    }
}

/// What one round has brought so far.
private final class Answers: Sendable {
    struct Place {
        /// The machines of its name; `nil` while that is not known.
        var machines: [HTTPAddress]?
        /// By host and port.
        var readings: [String: StageReading] = [:]
    }

    private struct State {
        var places: [Place]
        /// Threads that have not ended.
        var outstanding = 0
    }

    private let state: Mutex<State>
    private let isOver = DispatchSemaphore(value: 0)

    init(_ count: Int) { state = Mutex(State(places: Array(repeating: Place(), count: count))) }

    func begin() { state.withLock { $0.outstanding += 1 } }

    func end() {
        let left = state.withLock { state in
            state.outstanding -= 1
            return state.outstanding
        }
        if left == 0 { isOver.signal() }
    }

    func note(_ machines: [HTTPAddress], of place: Int) { state.withLock { $0.places[place].machines = machines } }

    func note(_ reading: StageReading, of place: Int) {
        state.withLock { $0.places[place].readings[reading.id.address] = reading }
    }

    /// Waits until all threads have ended, or so long.
    func wait(atMost limit: Duration) -> [Place] {
        _ = isOver.wait(timeout: .now() + limit / .seconds(1))
        return state.withLock { $0.places }
    }
}
