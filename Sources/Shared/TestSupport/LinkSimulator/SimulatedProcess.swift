import DequeModule
import Links

/// What a simulated sender holds for each message, as the stages do.
struct SimulatedMessage {
    var item: Int
    var bytes: Int
    /// Of the message this came of; `nil` at an ingest.
    var ticket: LinkReceiver.Ticket?
}

/// A place where a process runs: an address, and at times a process.
final class SimulatedProcess {
    enum Condition { case running, frozen, dead }

    let slot: Int
    /// 0 ingest, 1 relay, 2 sink.
    let level: Int
    var condition = Condition.running
    var isNamed = true
    /// Counts restarts.
    var generation = 0
    var sender: MessageSender<SimulatedMessage>?
    var receiver: LinkReceiver?
    var instance: UInt64 = 0
    var seed: UInt64 = 0
    /// Frames that arrived while it was frozen.
    var inbox: Deque<SimulatedFrame> = []
    var dataPipes: [Int: Int] = [:]
    var ackPipes: [String: Int] = [:]

    /// Taken, not begun.
    var waiting: Deque<(ticket: LinkReceiver.Ticket, item: Int, losses: Int)> = []
    var working = 0
    /// Requests of an ingest that are not done.
    var leased: [Int] = []
    var isDraining = false
    var drainEnds = 0

    // The simulator's own view of time and silence in this process.
    var running = 0
    var lastStep = 0
    var lastGap = 0
    var watches: [UInt64: Watch] = [:]
    var watched: [UInt64] = []

    // For defects.
    var lostFrames = 0
    var reportedOnce: [UInt64: Set<UInt64>] = [:]

    /// One session of this sender, as the simulator sees it.
    struct Watch {
        var peer: Int
        var receiver: UInt64 = 0
        var lastHeard: Int
        var highestReport: UInt64 = 0
        /// For a defect: of all that arrived, odd ones as well.
        var highestNumber: UInt64 = 0
        /// Transmissions that are not known to be over.
        var assignments: [Int] = []
    }

    init(slot: Int, level: Int) {
        self.slot = slot
        self.level = level
    }

    var address: String { "data-\(slot)" }
    /// Where it takes reports: the same after a restart, or another.
    var ackAddress = ""
    /// Since when an ack address has led nowhere, in this process's running time.
    var unreachable: [String: Int] = [:]
    var isAlive: Bool { condition != .dead }

    /// Follows the clock as the protocol says: a step of more than a second is a gap.
    func advance(to now: Int) {
        let step = now - lastStep
        if step > 1000 { lastGap = running } else { running += step }
        lastStep = now
    }
}
