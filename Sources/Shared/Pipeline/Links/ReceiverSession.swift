/// The state that a receiver keeps for one session.
struct ReceiverSession: Sendable {
    /// State of a number that is not over.
    enum State: UInt8, Sendable {
        /// It has not arrived, and the sender may hold it open.
        case absent
        /// It is here; processing has not begun.
        case taken
        case started
        /// Given back; the sender has not confirmed this.
        case refused
    }

    let session: UInt64
    var ackAddress: String
    /// What the sender has heard of pools.
    var pools: [PoolNote] = []

    /// Numbers that are not over; the others are finished, or settled elsewhere: a copy that arrives late is dropped.
    private(set) var window = OpenWindow<State>()
    /// Numbers taken or started.
    private(set) var unfinished = 0
    /// Numbers in the window that have not arrived.
    private(set) var absent = 0
    /// Highest limit ever reported: nothing above it can be genuine.
    var highestLimit: UInt64 = 0
    /// Highest number that is taken now.
    var limit: UInt64 = 0
    /// Limit in the newest report.
    var reportedLimit: UInt64 = 0

    /// Newest hello.
    var hello: UInt64 = 0
    /// Highest number it named as sent.
    var named: UInt64 = 0
    var heard: UInt64 = 0
    var senderHoldsOpen = false
    var senderIsDraining = false
    var senderHasLeft = false
    /// Number of the first report that said that this process drains; 0 for none.
    var drainReport: UInt64 = 0
    /// A message of it has come, or a hello that names a report to it: its sender receives reports from this process.
    ///
    /// Before that, it may be a stranger that only sends hellos.
    var isProven = false
    /// Nothing comes from it and nothing reaches it: it gets no report until it sends a frame.
    var isUnreachable = false

    // Content of the next report.
    var hasNews = false
    /// It is in the receiver's list of sessions with something to report.
    var isListed = false
    var isFull = true
    var newlyDone: [UInt64] = []
    /// Running time when the first of them was finished.
    var doneSince: Duration = .zero
    var missing = NumberRanges()
    var refusals: [Refusal] = []

    // Marks of running time.
    var lastFrame: Duration
    var lastReport: Duration = .zero
    /// Numbers of the first and the newest report to it; 0 for none.
    var firstReportNumber: UInt64 = 0
    var lastReportNumber: UInt64 = 0
    /// When hello last named a newer report than before, or none was due.
    var heardProgress: Duration

    /// When the last hello came, on the monotonic clock: here the time counts during which this process was frozen.
    var lastHello: Duration = .zero
    /// Numbers that were started here and that hello does not call open any more.
    private var elsewhere: Set<UInt64> = []

    /// How many messages this sender is expected to send soon; its share of the room is in proportion.
    var demand = 1.0
    /// Messages taken since the last adaptation.
    var used = 0
    /// It had used up its limit since the last adaptation.
    var ranOut = false

    init(hello: Hello, now: Duration) {
        session = hello.session
        ackAddress = hello.ackAddress
        lastFrame = now
        heardProgress = now
    }

    /// Highest number known of: arrived, or named by a hello.
    var high: UInt64 { window.last }

    /// Forgetting it could repeat an execution: its sender may not know all finished numbers.
    var mayBeMissed: Bool { senderHoldsOpen || high > named }

    /// `nil` for a number that is over, or is above `high`.
    func state(of number: UInt64) -> State? { window[number] }

    /// How a message that arrives relates to its session.
    enum Arrival {
        case taken
        /// A number for which no room was ever given.
        case unexpected
        case duplicate
        /// This process drains and its sender does not.
        case unwanted
    }

    /// A message has arrived.
    mutating func take(_ number: UInt64, at time: Duration, whileDraining: Bool) -> Arrival {
        guard number >= 1, number <= highestLimit else { return .unexpected }
        lastFrame = time
        isUnreachable = false
        extend(to: number)
        guard state(of: number) == .absent else { return .duplicate }
        isProven = true
        if whileDraining, !senderIsDraining { return .unwanted }
        set(number, .taken)
        used += 1
        if number >= reportedLimit { ranOut = true }
        return .taken
    }

    /// Processing begins.
    ///
    /// - Returns: `false` if the message is not here to be processed.
    mutating func start(_ number: UInt64) -> Bool {
        guard state(of: number) == .taken else { return false }
        set(number, .started)
        return true
    }

    /// The outcome of a message is settled.
    ///
    /// - Returns: `false` if it was not under way.
    mutating func finish(_ number: UInt64, at time: Duration) -> Bool {
        let state = state(of: number)
        guard state == .started || state == .taken else { return false }
        if newlyDone.isEmpty { doneSince = time }
        newlyDone.append(number)
        close(number)
        return true
    }

    /// The sender no longer calls open a message that was started here.
    mutating func noteElsewhere(_ number: UInt64) { elsewhere.insert(number) }

    /// Whether the sender may have given it to another peer, though it was started here.
    func mayBeElsewhere(_ number: UInt64, now: Duration) -> Bool {
        now - lastHello > LinkTiming.doubt || state(of: number) != .started || elsewhere.contains(number)
    }

    /// Makes the window reach to `number`, which must not be above the highest limit.
    mutating func extend(to number: UInt64) {
        while high < number {
            window.append(.absent)
            absent += 1
        }
    }

    /// Changes the state of a number that is not over.
    mutating func set(_ number: UInt64, _ state: State) {
        guard let old = window[number] else { return }
        leave(number, old)
        window.update(number, to: state)
        if state == .taken || state == .started { unfinished += 1 }
        if state == .absent { absent += 1 }
    }

    /// The number is over.
    mutating func close(_ number: UInt64) {
        guard let old = window[number] else { return }
        leave(number, old)
        window.close(number)
    }

    private mutating func leave(_ number: UInt64, _ state: State) {
        if state == .absent { absent -= 1 }
        if state == .taken || state == .started { unfinished -= 1 }
        if state == .started, !elsewhere.isEmpty { elsewhere.remove(number) }
    }

    /// Drops refusals of numbers that the sender does not hold open any more.
    mutating func forgetConfirmedRefusals() {
        let standing = refusals.filter { state(of: $0.number) == .refused }
        refusals = standing
    }

    /// All numbers that are over.
    var done: NumberRanges { window.over }

    /// The first run of numbers that are over, and those finished since the last report.
    mutating func news() -> NumberRanges {
        let base = window.base
        var numbers: NumberRanges = base > 1 ? [1...(base - 1)] : []
        newlyDone.sort()
        for number in newlyDone where number >= base { numbers.append(number) }
        return numbers
    }
}
