/// How many of some places one of several may have, so that none has all.
///
/// Of k that are equal, none has more than 1 − 1/(2k). Where they have ranks, those of its rank and above count, and for all
/// that are below together a sixteenth is kept.
package enum FairShare {
    /// - Parameters:
    ///   - count: itself and all others that are not below it.
    ///   - hasBelow: whether some are.
    /// - Returns: at least 1 where there are places.
    package static func most(of places: Int, among count: Int, hasBelow: Bool = false) -> Int {
        guard places > 0 else { return places }
        var most = places
        if count > 1 { most -= (places + 2 * count - 1) / (2 * count) }
        if hasBelow { most = min(most, places - max(1, places / 16)) }
        return max(1, most)
    }
}
