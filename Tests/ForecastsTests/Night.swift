import Forecasts
import Foundation
import Primitives
import Queue

/// A night in which some slots work off a backlog, the nearest deadlines first or in order of arrival.
///
/// It goes in steps of half a second. What is late, or has less time left than any answer takes, ends at once and takes no
/// slot. An attempt is broken off at the deadline of its request. Attempts that fail are parked for a while, and come back.
struct Night {
    struct Request {
        let deadline: Double
        var failed = 0
    }

    private struct Slot {
        let request: Request
        let since: Double
        let end: Double
    }

    static let step = 0.5
    /// Between two looks at the backlog.
    static let spacing = 5.0

    var slots: Int
    /// Seconds.
    let latency: Double
    let failing: Double
    private(set) var now = 0.0
    private(set) var missed = 0
    private(set) var made = 0
    private(set) var rate = CompletionRate()

    /// In the order of the queue, the next one last.
    private var waiting: [Request]
    private var parked: [(due: Double, request: Request)] = []
    private var busy: [Slot] = []
    private var nextLook = 0.0
    private let isByArrival: Bool
    private var random: SplitMix64

    /// - Parameters:
    ///   - deadlines: of all requests, seconds from the start.
    ///   - latency: mean of an attempt; each takes from half of it to half more.
    ///   - failing: the share of attempts that fail.
    init(deadlines: [Double], slots: Int, latency: Double, failing: Double = 0, isByArrival: Bool = false, seed: UInt64)
    {
        waiting = (isByArrival ? deadlines.reversed() : deadlines.sorted(by: >)).map { Request(deadline: $0) }
        self.isByArrival = isByArrival
        self.slots = slots
        self.latency = latency
        self.failing = failing
        random = SplitMix64(seed: seed)
    }

    var waitingCount: Int { waiting.count }
    var isOver: Bool { waiting.isEmpty && parked.isEmpty && busy.isEmpty }

    mutating func run(until end: Double = .infinity) {
        while now < end, !isOver {
            advance()
            now += Self.step
        }
    }

    private mutating func advance() {
        for slot in busy where slot.end <= now { ended(slot) }
        busy.removeAll { $0.end <= now }
        for (due, request) in parked where due <= now { insert(request) }
        parked.removeAll { $0.due <= now }
        while busy.count < slots, let next = waiting.popLast() {
            guard next.deadline > now + 0.5 * latency else {
                if next.deadline > now { rate.ended(after: 0, left: next.deadline - now, isFirst: next.failed == 0) }
                missed += 1
                continue
            }
            let end = now + latency * .random(in: 0.5...1.5, using: &random)
            busy.append(Slot(request: next, since: now, end: min(end, next.deadline)))
        }
        guard now >= nextLook else { return }
        nextLook = now + Self.spacing
        rate.look(
            at: now, hasWork: !busy.isEmpty || !waiting.isEmpty, own: busy.count, all: busy.count, parked: parked.count)
    }

    private mutating func ended(_ slot: Slot) {
        rate.ended(
            after: slot.end - slot.since, left: slot.request.deadline - slot.end, isFirst: slot.request.failed == 0)
        if slot.end >= slot.request.deadline {
            missed += 1
        } else if Double.random(in: 0..<1, using: &random) < failing {
            var request = slot.request
            request.failed += 1
            parked.append((now + .random(in: 2...30, using: &random), request))
        } else {
            made += 1
        }
    }

    private mutating func insert(_ request: Request) {
        if isByArrival { return waiting.append(request) }
        let place = waiting.firstIndex { $0.deadline < request.deadline } ?? waiting.count
        waiting.insert(request, at: place)
    }

    /// What ingest would say now, from counts as a server gives them.
    var forecast: Forecast {
        func points(_ steps: [Double]) -> [DeadlineCounts.Point] {
            steps.map { left in
                DeadlineCounts.Point(left: left, count: waiting.count { $0.deadline - now <= left })
            }
        }
        var backlog = Backlog(waiting: waiting.count, parked: parked.count)
        if isByArrival {
            let parts = min(400, waiting.count)
            backlog.drawn = (0..<parts).map { part in
                let place = Double(part) / Double(parts)
                return DrawnRequest(
                    place: place, left: waiting[waiting.count - 1 - Int(place * Double(waiting.count))].deadline - now)
            }
            return Forecast(backlog, ahead: busy.count, perSecond: rate.perSecond, secondsEach: rate.secondsEach)
        }
        let counts = DeadlineCounts(points(DeadlineLadder.steps), total: waiting.count)
        backlog.deadlines = counts.adding(points(DeadlineLadder.refine(counts)))
        return Forecast(
            backlog, ahead: busy.count, perSecond: rate.perSecond, secondsEach: rate.secondsEach)
    }

    /// Requests that miss their deadlines from now on if it goes on with so many slots.
    func missedFromNow(slots: Int) -> Int {
        var night = self
        night.slots = slots
        night.run()
        return night.missed - missed
    }

    /// How long it takes from now on.
    var secondsLeft: Double {
        var night = self
        night.run()
        return night.now - now
    }
}
