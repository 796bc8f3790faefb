import Redis

/// How often each message's bytes have been heard here, as far as the server's counts are concerned.
///
/// See `ClaimScripts.arrivals`. What has not been heard for `life` is forgotten: the server's count has ended as well.
struct Sightings {
    struct Count: Equatable {
        /// Which of the server's counts it belongs to.
        var epoch: String
        var count: Int
        /// The subscription it was heard on: what was published between two is not in the count.
        var subscription: Int
    }

    private struct Entry {
        var count: Count
        var heardAt: ContinuousClock.Instant
    }

    private let life: Duration
    private var entries: [String: Entry] = [:]
    private var nextSweep: ContinuousClock.Instant

    init(life: Duration, now: ContinuousClock.Instant) {
        self.life = life
        nextSweep = now + life
    }

    /// What is known of the message with this digest on this subscription.
    func count(of digest: String, subscription: Int) -> Count? {
        entries[digest].map(\.count).flatMap { $0.subscription == subscription ? $0 : nil }
    }

    mutating func set(_ count: Count, of digest: String, now: ContinuousClock.Instant) {
        entries[digest] = Entry(count: count, heardAt: now)
        guard now >= nextSweep else { return }
        let oldest = now - life
        entries = entries.filter { $0.value.heardAt > oldest }
        nextSweep = now + life
    }

    var size: Int { entries.count }
}
