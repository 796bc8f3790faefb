/// Who may read on while the bodies of answers take all the room there is.
///
/// An answer that is not read stays with its server, which TCP holds up. Small ones are always read. Of the large ones, one
/// goes on beyond the limit, so that something ends; none does while there is no room at all.
struct BodyRoom: Sendable, Equatable {
    /// Bytes of all bodies that are being read; 0: whatever was read before has taken the room.
    var limit = Int.max
    /// What has been read of those not yet whole.
    private(set) var bytes = 0
    /// The one that may go beyond the limit.
    private var favourite: Int?

    /// Bytes of an answer that are always read.
    static let small = 256 << 10

    /// Whether an exchange that has read `count` bytes may read so many more.
    mutating func mayRead(_ more: Int, after count: Int, slot: Int) -> Bool {
        if count + more <= Self.small || bytes + more <= limit { return true }
        guard limit > 0, favourite == nil || favourite == slot else { return false }
        favourite = slot
        return true
    }

    mutating func read(_ more: Int) { bytes += more }

    /// An exchange is over, or begins anew, and its body is somebody else's.
    mutating func left(_ count: Int, slot: Int) {
        bytes -= count
        if favourite == slot { favourite = nil }
    }
}
