import DequeModule
import Loop
import Messages
import PipelineMetrics
import Primitives
import Queue

/// Requests that wait for room, and tasks that wait for permits, of one queue.
struct IngestLane {
    let settings: QueueSettings
    let metrics: RequestMetrics
    var waiting = Deque<(envelope: Envelope, token: UInt64)>()
    /// The same of those that are over a quota, where tiers have an order.
    var overflow = Deque<(envelope: Envelope, token: UInt64)>()
    /// What a gate has decided: it needs no place at a gateway.
    var decided = Deque<(envelope: Envelope, token: UInt64)>()
    var permitWaiter: CheckedContinuation<Int, Never>?
    /// Permits were given: a lease may be in flight whose outcome is not known yet.
    private(set) var isLeasing = false
    /// How many the last lease may bring.
    private var asked = 0
    /// The last lease brought all that it might, or there was none.
    private var mayHaveMore = true
    private var expectedUntil = Duration.zero
    /// Under load, one lease takes all requests of one and a half milliseconds: each lease costs a round trip and
    /// four thread switches.
    ///
    /// At half of the highest rate that is a quarter less CPU than half a millisecond,
    /// and a shorter tail.
    var pacer = Pacer(spacing: .microseconds(1500), burst: 4)
    /// Dispatch wants no more of it for now, and a timer runs for that.
    var isHeld = false
    /// Leased too late, to be released.
    var unwanted: [Receipt] = []
    /// The store of the queue, as far as it is known.
    var store: StoreAnswer?

    init(settings: QueueSettings, metrics: RequestMetrics) {
        self.settings = settings
        self.metrics = metrics
    }

    /// A lease brings its requests within that time, unless the queue's server is slow.
    private static let lead = Duration.milliseconds(20)

    /// A lease begins that may bring so many.
    mutating func beginLease(_ count: Int, at now: Duration) {
        if mayHaveMore { expectedUntil = now + Self.lead }
        (isLeasing, asked) = (true, count)
    }

    /// It has brought so many: where that is all that it might, there is more.
    mutating func endLease(_ count: Int, at now: Duration) {
        isLeasing = false
        mayHaveMore = count >= asked
        expectedUntil = mayHaveMore ? now + Self.lead : .zero
    }

    /// How long a request of the queue is worth waiting for, though none is here: one is on its way; `nil` if it is not, or
    /// no more may be leased.
    func expected(at now: Duration) -> Duration? {
        waiting.isEmpty && permitWaiter == nil && now < expectedUntil ? expectedUntil - now : nil
    }

    var count: Int { waiting.count + overflow.count + decided.count }

    /// Takes out all that are so.
    mutating func remove(where isSo: (UInt64) -> Bool) -> [UInt64] {
        let tokens = (waiting + overflow + decided).map(\.token).filter(isSo)
        waiting.removeAll { isSo($0.token) }
        overflow.removeAll { isSo($0.token) }
        decided.removeAll { isSo($0.token) }
        return tokens
    }

    /// 0: not known.
    var storeNumber: UInt64 { if case .store(let store) = store { store.number } else { 0 } }
}
