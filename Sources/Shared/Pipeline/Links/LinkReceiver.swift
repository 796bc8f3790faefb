import DequeModule

/// The receiving end of a link: takes each message once, and reports to every sender the state of its messages.
///
/// It does no I/O and has no clock. Its owner, the shell, translates:
///
/// - In: `receive(hello)`, `take` for each message frame, `start` and `finish` (or `refuse`) as the stage goes on,
///   `setRoom` when that changes, `tick` once per loop turn and at least every `LinkTiming.tick`.
/// - Out: at the end of each loop turn, `nextReport` until it is `nil`; each goes to its ack address. A report that
///   cannot be sent may be dropped, or replaced by a later one for the same session.
/// - `now` is a monotonic clock; only steps count.
///
/// A message goes take → start → finish. Before `start` it may be cancelled (settled elsewhere, or refused because this
/// process drains): then `start` returns `false` and the stage forgets it. `finish` means that the next stage has
/// acknowledged everything that resulted from the message.
package struct LinkReceiver: Sendable {
    /// One message taken, for as long as it is not finished.
    package struct Ticket: Sendable, Hashable {
        let slot: Int32
        package let session: UInt64
        package let number: UInt64
    }

    /// What to do with a message that arrived.
    package enum Arrival: Sendable, Equatable {
        /// This process is responsible for it now.
        case take(Ticket)
        /// It was here before, or it is settled elsewhere: drop it.
        case duplicate
        /// Its session is not open here: drop it.
        case unknownSession
        /// This process is draining: drop it; the sender gets it back.
        case refused
    }

    /// A report and where it goes.
    package struct OutgoingReport: Sendable, Equatable {
        package let ackAddress: String
        package let report: Report
        /// The sender sends hellos and has received no report for some time: open another socket to it first.
        package let replacesSocket: Bool
        /// The sender has not proved yet that it exists: such addresses share a few sockets.
        package let isStranger: Bool
    }

    /// An answer to a sender whose session is not open here.
    struct Greeting: Sendable {
        let ackAddress: String
        let session: UInt64
        let hello: UInt64
        let replacesSocket: Bool
    }

    /// A sender without a session that has not received the answer to its hellos.
    ///
    /// Marks are running time.
    struct Unheard: Sendable {
        var since: Duration
        var last: Duration
        /// When its ack socket was replaced, or `since`.
        var replaced: Duration
        /// Identity of the sender; `nil` from an earlier release.
        var from: Introduction?
    }

    package let instance: UInt64
    /// Which processes belong at the other end; `nil`: no check.
    let wiring: LinkWiring?
    let limits: LinkLimits
    var clock = RunningTime()
    var sessions: [ReceiverSession?] = []
    /// The sessions' numbers by slot, 0 for none: reading the number from the session would copy it.
    var numbers: [UInt64] = []
    var slots: [UInt64: Int] = [:]
    /// Slots that are `nil`.
    var free: [Int] = []
    /// Sessions in the order in which they were opened, as long as their senders have not proved themselves; some have.
    var strangers: Deque<(slot: Int, session: UInt64)> = []
    /// Slots of sessions whose senders live; some may have fallen silent since the last survey, or be `nil`.
    var live: [Int] = []
    /// Slots of sessions with something to report; some may be `nil`.
    var listed: [Int] = []
    /// When all sessions were last checked.
    var surveyed: Duration = .zero
    /// The session of the last message: the next one is often of the same.
    private var recent = (session: UInt64(0), slot: 0)
    var greetings: [Greeting] = []
    /// By ack address.
    var unheard: [String: Unheard] = [:]
    /// Senders that do not belong here, by ack address, and when each last sent a hello.
    var misplaced: [String: (from: Introduction, last: Duration)] = [:]
    var reports: UInt64 = 0
    /// The position of `nextReport` in its round through `listed`; `nil` between rounds.
    var cursor: Int?

    var room = 0
    /// There is a sender that has proved itself and can be given room.
    var hasProven = false
    var roomChanged = true
    var capacity = 1

    var drainingSince: Duration?
    var hasLeft = false
    var conditions: [Condition] = []
    var pools: [PoolNote] = []
    /// When these were said.
    var poolsSince: Duration = .zero
    package internal(set) var totals = ReceiverTotals()

    /// Makes a receiver without sessions and without room.
    ///
    /// - Parameters:
    ///   - instance: 64 bits from the system's random source, fresh for every process, not 0.
    ///   - wiring: which processes may send here.
    ///   - limits: bounds on the state that other processes can make grow.
    package init(instance: UInt64, wiring: LinkWiring? = nil, limits: LinkLimits = LinkLimits()) {
        precondition(instance != 0, "0 stands for a receiver that is not known")
        self.instance = instance
        self.wiring = wiring
        self.limits = limits
    }

    /// Decides about a message that arrived.
    package mutating func take(session: UInt64, number: UInt64) -> Arrival {
        guard let slot = slot(of: session) else {
            totals.unknownSession += 1
            return .unknownSession
        }
        return takeOpen(slot, session: session, number: number)
    }

    private mutating func takeOpen(_ slot: Int, session: UInt64, number: UInt64) -> Arrival {
        if let last = sessions[slot]?.lastFrame, clock.elapsed - last >= LinkTiming.lost { awake(slot) }
        switch sessions[slot]?.take(number, at: clock.elapsed, whileDraining: drainingSince != nil) {
        case nil, .unexpected:
            totals.unknownSession += 1
            return .unknownSession
        case .duplicate:
            totals.duplicates += 1
            return .duplicate
        case .unwanted:
            refuse(slot, number, .draining)
            return .refused
        case .taken:
            totals.taken += 1
            room = max(0, room - 1)
            roomChanged = true
            return .take(Ticket(slot: Int32(slot), session: session, number: number))
        }
    }

    /// Begins processing.
    ///
    /// - Returns: `false` if the message has been cancelled: forget it.
    package mutating func start(_ ticket: Ticket) -> Bool {
        guard let slot = valid(ticket) else { return false }
        return sessions[slot]?.start(ticket.number) == true
    }

    /// The next stage has acknowledged everything that resulted from the message.
    package mutating func finish(_ ticket: Ticket) {
        guard let slot = valid(ticket), sessions[slot]?.finish(ticket.number, at: clock.elapsed) == true else { return }
        list(slot)
        totals.finished += 1
    }

    /// Whether the sender may have given a message to another peer since it was started here: this process was frozen,
    /// or cut off, for so long that it may have been considered lost.
    package func mayBeElsewhere(_ ticket: Ticket, now: Duration) -> Bool {
        guard let slot = valid(ticket) else { return true }
        return sessions[slot]?.mayBeElsewhere(ticket.number, now: now) != false
    }

    /// Whether the sender of a message drains.
    package func isSenderDraining(_ ticket: Ticket) -> Bool {
        valid(ticket).map { sessions[$0]?.senderIsDraining == true } ?? false
    }

    /// Gives a message back that has not been started, or that this process cannot process.
    package mutating func refuse(_ ticket: Ticket, _ reason: RefusalReason) {
        guard let slot = valid(ticket) else { return }
        let state = sessions[slot]?.state(of: ticket.number)
        guard state == .started || state == .taken else { return }
        refuse(slot, ticket.number, reason)
    }

    /// Where the sender of a message takes reports; `nil` once its session is forgotten.
    package func ackAddress(of ticket: Ticket) -> String? { valid(ticket).flatMap { sessions[$0]?.ackAddress } }

    func valid(_ ticket: Ticket) -> Int? {
        let slot = Int(ticket.slot)
        guard slot < numbers.count, numbers[slot] == ticket.session else { return nil }
        return slot
    }

    mutating func refuse(_ slot: Int, _ number: UInt64, _ reason: RefusalReason) {
        totals.refused += 1
        sessions[slot]?.set(number, .refused)
        sessions[slot]?.refusals.append(Refusal(number: number, reason: reason))
        note(newsFor: slot)
    }

    private mutating func slot(of session: UInt64) -> Int? {
        if recent.session == session, recent.slot < numbers.count, numbers[recent.slot] == session {
            return recent.slot
        }
        guard let slot = slots[session] else { return nil }
        recent = (session, slot)
        return slot
    }
}

/// Counters of a receiver since it began.
package struct ReceiverTotals: Sendable, Equatable {
    package var taken: UInt64 = 0
    package var finished: UInt64 = 0
    /// Copies of a message taken before, or settled elsewhere.
    package var duplicates: UInt64 = 0
    /// Messages of a session that is not open here, or with a number for which no room was given.
    package var unknownSession: UInt64 = 0
    package var refused: UInt64 = 0
    /// Messages that were settled elsewhere before they were started here.
    package var calledOff: UInt64 = 0
    /// Numbers reported as missing.
    package var missing: UInt64 = 0
    /// Hellos that came after a newer one, or name numbers for which no room was given.
    package var staleHellos: UInt64 = 0
    /// Sessions that were replaced by others before their senders had proved themselves.
    package var strangersForgotten: UInt64 = 0
    /// Sessions that were not opened because there were too many.
    package var refusedSessions: UInt64 = 0

    package init() {}
}
