import HeapModule
import Links

/// One run of a chain of three stages over a network with faults, made from one number.
///
/// Simulated time only; the same number and defect always do the same.
package struct Simulation {
    /// What came of it.
    package struct Outcome: Sendable, Equatable {
        /// What broke an invariant, for people; empty if nothing did.
        package let violations: [String]
        package let requests: Int
        package let executions: Int
        package let moved: Int
        package let sentAgain: Int
        package let deadLetters: Int
        package let simulatedMilliseconds: Int
        package let events: Int
    }

    enum Event {
        case turn(Int)
        case pipe(Int)
        /// A frame that left its pipe's order.
        case late(Int, SimulatedFrame)
        case offer(Int)
        case work(Int, generation: Int, LinkReceiver.Ticket, item: Int, losses: Int)
        case settle(Int, generation: Int, LinkReceiver.Ticket, item: Int)
        case die(Int, generation: Int)
        case fault(Schedule.Fault)
        case drain(Int)
        case restart(Int)
        case thaw(Int)
        case heal
    }

    struct Scheduled: Comparable {
        let at: Int
        let order: Int
        let event: Event

        static func < (a: Self, b: Self) -> Bool { (a.at, a.order) < (b.at, b.order) }
        static func == (a: Self, b: Self) -> Bool { a.order == b.order }
    }

    let defect: Defect?
    var random: SimulatorRandom
    let schedule: Schedule
    var ledger = Ledger()
    var processes: [SimulatedProcess] = []
    var pipes: [Pipe] = []
    var now = 0
    var order = 0
    var events = Heap<Scheduled>()
    var handled = 0
    var isHealed = false
    var trace: ((String) -> Void)?
    var totals = SenderTotals()

    package init(number: UInt64, defect: Defect? = nil, trace: ((String) -> Void)? = nil) {
        self.defect = defect
        self.trace = trace
        random = SimulatorRandom(seed: number)
        schedule = Schedule(&random)
    }

    /// Simulated milliseconds from the last fault until everything must have drained; every poison takes its victims.
    var patience: Int {
        let poisons = ledger.requests.count { $0.isPoison || $0.isOutcomePoison }
        return 90_000 + poisons * (schedule.maxLosses + 2) * 2 * 8000
    }
    /// Few places for strangers, so that they are fought for.
    static let limits = LinkLimits(sessions: 64, strangers: 4, asking: 4)
    /// Between two turns without news.
    static let tick = 250

    package mutating func run() -> Outcome {
        populate()
        var drained: Int?
        var restAfter = 6000
        while let next = events.popMin(), ledger.violations.isEmpty {
            now = next.at
            handled += 1
            handle(next.event)
            if isHealed, drained == nil, isDrained { drained = now }
            if let drained, now >= drained + restAfter {
                if isAtRest(lastChance: restAfter > 40_000) { break }
                restAfter += 2000
            }
            if now > schedule.faultsEnd + patience {
                reportStuck()
                break
            }
        }
        return makeOutcome()
    }

    private mutating func makeOutcome() -> Outcome {
        for process in processes { if let sender = process.sender { totals.add(sender.totals) } }
        return Outcome(
            violations: ledger.violations, requests: ledger.requests.count,
            executions: ledger.items.reduce(0) { $0 + $1.executions }, moved: Int(totals.moved),
            sentAgain: Int(totals.sentAgain), deadLetters: ledger.requests.count { $0.isDeadLetter },
            simulatedMilliseconds: now, events: handled)
    }

    private mutating func populate() {
        for (level, count) in schedule.processes.enumerated() {
            for _ in 0..<count {
                let process = SimulatedProcess(slot: processes.count, level: level)
                processes.append(process)
                process.seed = random.next()
            }
        }
        for process in processes {
            begin(process)
            at(random.number(0...Self.tick), .turn(process.slot))
        }
        let ingests = schedule.processes[0]
        for index in 0..<schedule.requests {
            ledger.requests.append(
                Ledger.Request(
                    bytes: random.number(1...Schedule.maxMessage), isPoison: random.chance(schedule.poison),
                    isOutcomePoison: random.chance(schedule.poisonousOutcomes),
                    isUnreadable: random.chance(schedule.unreadable), owner: random.number(0...ingests - 1)))
            at(random.number(0...schedule.faultsEnd), .offer(index))
        }
        for fault in schedule.faults { at(fault.at, .fault(fault.fault)) }
        at(schedule.faultsEnd, .heal)
    }

    mutating func at(_ time: Int, _ event: Event) {
        order += 1
        events.insert(Scheduled(at: max(time, now), order: order, event: event))
    }

    private mutating func handle(_ event: Event) {
        switch event {
        case .turn(let slot): regularTurn(processes[slot])
        case .pipe(let index): deliverDue(index)
        case .late(let slot, let frame): deliver(frame, to: processes[slot])
        case .offer(let request): lease(request)
        case .work(let slot, let generation, let ticket, let item, let losses):
            finishWork(processes[slot], generation, ticket, item: item, losses: losses)
        case .settle(let slot, let generation, let ticket, let item):
            finishSettling(processes[slot], generation, ticket, item: item)
        case .die(let slot, let generation):
            if processes[slot].generation == generation { kill(processes[slot]) }
        case .fault(let fault): if !isHealed { inflict(fault) }
        case .drain(let slot): if !isHealed { drain(processes[slot]) }
        case .restart(let slot): restart(processes[slot])
        case .thaw(let slot): thaw(processes[slot])
        case .heal: heal()
        }
    }
}

extension SenderTotals {
    mutating func add(_ other: SenderTotals) {
        moved += other.moved
        sentAgain += other.sentAgain
    }
}

extension Int {
    /// This many milliseconds.
    var milliseconds: Duration { .milliseconds(self) }
}
