import DequeModule

/// One downstream process as a sender sees it, with the session that feeds it.
struct SenderPeer: Sendable {
    enum Phase: Sendable {
        /// No process has answered yet: the hello asks for its identity.
        case greeting
        /// The instance is known; it has not said that it has the session.
        case opening
        /// Messages may be sent.
        case open
    }

    let address: String
    /// DNS names this address.
    var isResolved = true
    var phase = Phase.greeting
    var session: UInt64
    /// 0 while greeting.
    var instance: UInt64 = 0
    /// No report came from it for `LinkTiming.lost`; its messages are offered to others.
    var isLost = false
    var isDraining = false
    /// A report came from it since it was last lost.
    var hasReported = false
    /// It has finished something.
    var hasFinished = false

    /// The slots of its open messages by number.
    private(set) var window = OpenWindow<Int32>()
    /// Open messages that travel alone.
    var loners = 0
    /// Bytes of open messages that are large, where those are kept apart, and of each by number.
    private(set) var largeBytes = 0
    private var large: [UInt64: Int] = [:]
    var limit: UInt64 = 0

    // Hellos and reports. Marks are running time.
    var helloNumber: UInt64 = 0
    var helloSent: Duration = .zero
    var answered: UInt64 = 0
    /// Number of the first hello that names the instance.
    var boundBy: UInt64 = 0
    /// Number of the hello that opened the session.
    var openedBy: UInt64 = 0
    /// When the oldest hello without an answer was sent, or when an answer last came; `nil` when all are answered.
    var unansweredSince: Duration?
    var unansweredBytes = 0
    /// Bytes given to it in this session, and how many of them are known to have arrived.
    private var givenBytes = 0
    private var arrivedBytes = 0
    /// `givenBytes` when a hello was composed that has not been answered, oldest first; only where that had grown.
    private var marks: Deque<(hello: UInt64, bytes: Int)> = []
    var reportNumber: UInt64 = 0
    /// When a report last came, or this peer or session began.
    var heardFrom: Duration

    init(address: String, session: UInt64, now: Duration) {
        self.address = address
        self.session = session
        heardFrom = now
    }

    /// Highest number used; 0 for none.
    var last: UInt64 { window.last }

    var openCount: Int { window.count }

    /// How many messages the receiver has room for.
    ///
    /// None while too many bytes are in transit: the receiver gave room in messages without knowing their size, and may
    /// reduce it once it has seen them.
    var room: Int { limit > last && givenBytes - arrivedBytes < Self.maxUnderWay ? Int(limit - last) : 0 }

    /// Bytes that may be in transit to a receiver; one message always may.
    ///
    /// At 100 ms there and back it is 80 MB/s.
    static let maxUnderWay = 8 << 20

    /// So many bytes have been given to it since the last hello that a new hello should ask what has arrived.
    var wantsHello: Bool {
        givenBytes - (marks.last?.bytes ?? arrivedBytes) >= Self.maxUnderWay / 2
    }

    /// A hello has been composed, behind everything given so far.
    mutating func noteHello() {
        if givenBytes > marks.last?.bytes ?? arrivedBytes { marks.append((helloNumber, givenBytes)) }
    }

    /// A hello has been answered: all messages given before it have arrived, or are lost.
    mutating func noteAnswer(to hello: UInt64) {
        while let mark = marks.first, mark.hello <= hello {
            arrivedBytes = mark.bytes
            marks.removeFirst()
        }
    }

    mutating func append(_ slot: Int32, bytes: Int, travelsAlone: Bool) -> UInt64 {
        window.append(slot)
        unansweredBytes += bytes
        givenBytes += bytes
        if travelsAlone { loners += 1 }
        return last
    }

    /// The slot of an open message, `nil` if the number is done, moved or was never used.
    func slot(of number: UInt64) -> Int32? { window[number] }

    /// The message with this number is large.
    mutating func noteLarge(_ number: UInt64, bytes: Int) {
        large[number] = bytes
        largeBytes += bytes
    }

    mutating func close(_ number: UInt64, travelsAlone: Bool) {
        window.close(number)
        if travelsAlone { loners -= 1 }
        if !large.isEmpty, let bytes = large.removeValue(forKey: number) { largeBytes -= bytes }
    }

    /// The slots of the open numbers, oldest first.
    var openSlots: [Int32] {
        var slots: [Int32] = []
        slots.reserveCapacity(window.count)
        window.forEach { _, slot in slots.append(slot) }
        return slots
    }

    /// Begins another session with nothing open, and returns the messages that were open, oldest first.
    mutating func restart(session: UInt64, now: Duration) -> [Int32] {
        let slots = openSlots
        var fresh = SenderPeer(address: address, session: session, now: now)
        fresh.isResolved = isResolved
        self = fresh
        return slots
    }
}
