import GateRules
import Intake
import Testing

/// Requests of one user, and the places of a quota that they take turns in, in simulated time.
struct PlaceSharingTests {
    struct Load: Sendable {
        let requests, limit: Int
        let hold: Duration
        /// Questions for each request that goes, at most.
        let questions: Int
    }

    @Test(arguments: [
        Load(requests: 200, limit: 4, hold: .milliseconds(25), questions: 6),
        Load(requests: 200, limit: 1, hold: .milliseconds(25), questions: 12),
        Load(requests: 300, limit: 8, hold: .seconds(2), questions: 20),
        Load(requests: 20, limit: 2, hold: .seconds(20), questions: 100),
    ])
    func leavesFewPlacesEmptyAndAsksFewTimes(_ load: Load) {
        var sharing = Sharing(load)
        sharing.run()
        let least = load.hold * load.requests / load.limit
        #expect(sharing.now < least * 5 / 4, "\(sharing.now) for \(least)")
        #expect(sharing.questions < load.requests * load.questions, "\(sharing.questions)")
    }

    private struct Sharing {
        let load: Load
        var now = Duration.zero
        var questions = 0
        private var times = PlaceTimes()
        private var turns = ReturnTurns()
        /// When requests ask, and when those that have gone are done.
        private var asking: [Duration]
        private var ends: [Duration] = []
        /// From a refusal to the queue and back, beside the pause.
        private static let trip = Duration.milliseconds(3)

        init(_ load: Load) {
            self.load = load
            asking = Array(repeating: .zero, count: load.requests)
        }

        mutating func run() {
            while true {
                let (question, end) = (asking.min(), ends.min())
                guard let next = [question, end].compactMap(\.self).min() else { return }
                now = next
                if next == question { ask() } else { endOne() }
            }
        }

        private mutating func endOne() {
            ends.remove(at: ends.firstIndex(of: now) ?? 0)
            times.ended(after: load.hold)
        }

        private mutating func ask() {
            asking.remove(at: asking.firstIndex(of: now) ?? 0)
            questions += 1
            if ends.count < load.limit {
                times.taken(at: now)
                return ends.append(now + load.hold)
            }
            let pause = turns.pause(
                times.pause(limit: load.limit, at: now), row: 1, spacing: times.spacing(limit: load.limit, at: now),
                at: now)
            asking.append(now + pause + Self.trip)
        }
    }
}
