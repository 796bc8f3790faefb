/// Who may read on while the bodies of answers take all the room there is.
///
/// An answer that is not read stays with its server, which TCP holds up. Small ones are always read. A large one is read
/// when there is room for all of it, as far as its length is known: so some come in whole, instead of a part of each. One
/// goes on beyond the limit, so that something ends; none does while there is no room at all.
struct BodyRoom: Sendable, Equatable {
    /// Bytes of all bodies that are being read; 0: whatever was read before has taken the room.
    var limit = Int.max { didSet { if limit > oldValue { hasNews = true } } }
    /// There is room, perhaps, where there was none.
    private var hasNews = false
    /// What has been read of those not yet whole.
    private(set) var bytes = 0
    /// Kept for large ones, by slot, and all together.
    private var kept: [Int: Int] = [:]
    private var total = 0
    /// The one that may go beyond the limit.
    private var favourite: Int?

    /// Bytes of an answer that are always read.
    static let small = 256 << 10

    /// Whether an exchange that has read `count` bytes may read so many more.
    ///
    /// - Parameter length: of the whole body, if it is known.
    mutating func mayRead(_ more: Int, after count: Int, of length: Int?, slot: Int) -> Bool {
        let needed = count + more
        if needed <= Self.small { return true }
        let own = kept[slot] ?? 0
        if needed <= own { return true }
        let others = total - own
        let wish = max(needed, length ?? 2 * needed)
        if others > limit - wish {
            guard limit > 0, favourite == nil || favourite == slot else { return false }
            favourite = slot
        }
        kept[slot] = wish
        total = others + wish
        return true
    }

    mutating func read(_ more: Int) { bytes += more }

    /// An exchange is over, or begins anew, and its body is somebody else's.
    mutating func left(_ count: Int, slot: Int) {
        bytes -= count
        guard !kept.isEmpty, let own = kept.removeValue(forKey: slot) else { return }
        total -= own
        if favourite == slot { favourite = nil }
        hasNews = true
    }

    /// Whether it is worth asking again.
    mutating func takeNews() -> Bool {
        defer { hasNews = false }
        return hasNews
    }
}

extension HTTPClient {
    /// Bytes of all answers that may be held while they come in; large ones are not read on beyond it.
    ///
    /// One always is, unless this is 0. An answer that waits takes of its exchange's time.
    package func setBodyRoom(_ bytes: Int) {
        multi.bodies.limit = bytes
        if !multi.paused.isEmpty { carryOut() }
    }

    /// Bytes of answers that have come in and are not whole.
    package var bodyBytes: Int { multi.bodies.bytes }
}
