import Loop

/// Over TLS, requests to one server wait for the first connection to it, which may say HTTP/2 and serve them all.
extension HTTPClient {
    /// How long an exchange waits for a connection that somebody else makes, nanoseconds.
    private static let patience: Int64 = 1_000_000_000

    /// Lets one of the exchanges that have waited long for the connection of another one make its own; one for each
    /// server, to be called once a second.
    ///
    /// A name may have several addresses, and a balancer several servers behind it, of which one hangs. Whichever
    /// connection is made first serves all that wait then.
    func endLongWaits(now: Int64) {
        let makers = Set(multi.making.values)
        if makers.isEmpty { return }
        var origins = Set(makers.compactMap { slots[$0].exchange.request.flatMap { Origin($0.url) } })
        for slot in slots.indices where slots[slot].start < now - Self.patience && !makers.contains(slot) {
            guard slots[slot].serial != 0, slots[slot].exchange.isWaitingToShare,
                let request = slots[slot].exchange.request, let origin = Origin(request.url),
                origins.remove(origin) != nil
            else { continue }
            goOn(request, in: slot, waitsToShare: false)
        }
    }
}
