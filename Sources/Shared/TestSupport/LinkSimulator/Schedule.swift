/// What happens in one simulation, drawn from its number: who takes part, how much work, and which faults.
///
/// Times are milliseconds of simulated time.
struct Schedule {
    /// Ingests, relays and sinks.
    var processes: [Int]
    var requests: Int
    /// When the last fault begins; then everybody is made well.
    var faultsEnd: Int
    var faults: [(at: Int, fault: Fault)]
    /// Messages a relay or sink works on at once.
    var concurrency: Int
    /// Messages a relay or sink wants to have.
    var capacity: Int
    var maxLosses: Int
    /// Bytes of unsettled outcomes above which a relay takes no more.
    var maxUnackedBytes: Int
    /// Longest time a relay works on one message.
    var longestWork: Int
    /// Thousandths of frames that are lost, repeated, or late.
    var dropped: Int
    var repeated: Int
    var delayed: Int
    /// Thousandths of requests that kill the relay, that kill the sink, that nobody can read.
    var poison: Int
    var poisonousOutcomes: Int
    var unreadable: Int
    /// A restarted process has another ack address, as a new pod has.
    var movesOnRestart: Bool

    /// Bytes.
    static let maxMessage = 50

    enum Fault {
        case kill(level: Int)
        case freeze(level: Int, milliseconds: Int)
        case cut
        /// Frames go nowhere for a while, in one direction.
        case blackhole(milliseconds: Int)
        /// A socket sends nothing more until it is replaced.
        case stuck
        case stall(milliseconds: Int)
        case drain(level: Int)
        /// Everybody is asked to stop, as when a whole deployment is taken down.
        case drainAll
        /// Somebody says hello so often, under other names, and is not there.
        case strangers(level: Int, count: Int)
        /// A process of this level writes a report that no receiver writes.
        case oddReport(level: Int)
        /// DNS stops naming a process, or names it again.
        case dns(level: Int)
    }

    init(_ random: inout SimulatorRandom) {
        processes = [random.number(1...3), random.number(1...3), random.number(1...2)]
        requests = random.number(3...24)
        concurrency = random.number(1...4)
        capacity = concurrency + random.number(0...4)
        maxLosses = random.element([2, 3, 5])
        maxUnackedBytes = random.element([60, 400, 1_000_000])
        longestWork = random.element([20, 300, 2000])
        let isNoisy = random.chance(600)
        dropped = isNoisy ? random.element([0, 10, 50, 150]) : 0
        repeated = isNoisy ? random.element([0, 10, 50]) : 0
        delayed = isNoisy ? random.element([0, 10, 50]) : 0
        poison = random.chance(200) ? random.number(20...150) : 0
        poisonousOutcomes = random.chance(100) ? random.number(20...100) : 0
        unreadable = random.chance(150) ? random.number(20...200) : 0
        movesOnRestart = random.chance(300)
        faultsEnd = random.number(200...9000)
        faults = []
        for _ in 0..<random.element([0, 1, 1, 2, 3, 5]) {
            faults.append((random.number(0...faultsEnd), Fault(&random)))
        }
    }
}

extension Schedule.Fault {
    init(_ random: inout SimulatorRandom) {
        let level = random.number(0...2)
        switch random.number(0...11) {
        case 0, 1, 2: self = .kill(level: level)
        case 3: self = .freeze(level: level, milliseconds: random.element([500, 900, 2000, 2900, 4000, 8000]))
        case 4, 5: self = .cut
        case 6: self = .blackhole(milliseconds: random.element([500, 2000, 4000, 7000]))
        case 7: self = .stuck
        case 8: self = random.chance(500) ? .stall(milliseconds: random.number(100...5000)) : .dns(level: level)
        case 10: self = .strangers(level: level, count: random.number(1...12))
        case 11: self = .oddReport(level: level)
        default: self = random.chance(400) ? .drainAll : .drain(level: level)
        }
    }
}
