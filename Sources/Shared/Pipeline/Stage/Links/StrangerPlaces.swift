/// The ack addresses of strangers that have a socket: few, not too many new ones a second, and not for long.
///
/// A real sender answers within milliseconds, and is no stranger then. So a flood of addresses where no process listens
/// costs a bounded number of sockets, of connection attempts, and of time, however long it lasts.
struct StrangerPlaces: Sendable {
    enum Admission: Equatable {
        case known
        /// It has a place now; the address named here, if any, has lost its place.
        case new(replacing: String?)
        /// Too many new ones; a real sender sends another hello in a second.
        case refused
    }

    /// When each was last written to.
    private var used: [String: Duration] = [:]
    private var permits = Double(Self.most)
    private var counted: Duration = .zero

    static let most = 64
    /// New ones a second, in the long run.
    static let rate = 128.0
    static let lifetime: Duration = .seconds(5)

    var count: Int { used.count }

    func contains(_ address: String) -> Bool { used[address] != nil }

    mutating func admit(_ address: String, now: Duration) -> Admission {
        if used[address] != nil {
            used[address] = now
            return .known
        }
        permits = min(Double(Self.most), permits + Self.rate * ((now - counted) / .seconds(1)))
        counted = now
        guard permits >= 1 else { return .refused }
        permits -= 1
        var replaced: String?
        if used.count >= Self.most, let oldest = used.min(by: { $0.value < $1.value })?.key {
            used[oldest] = nil
            replaced = oldest
        }
        used[address] = now
        return .new(replacing: replaced)
    }

    /// It is no stranger any more, or gone.
    mutating func remove(_ address: String) { used[address] = nil }

    /// Those that were not written to for a while lose their places.
    mutating func expire(now: Duration) -> [String] {
        let old = used.filter { now - $0.value >= Self.lifetime }.map(\.key)
        for address in old { used[address] = nil }
        return old
    }
}
