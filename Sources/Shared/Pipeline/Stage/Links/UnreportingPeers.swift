import Links

/// Peers that are connected and never report: most likely they cannot reach the address they are told to report to.
struct UnreportingPeers: Sendable {
    /// Since when each is connected, by address; `nil` once it is reported as silent.
    private var connected: [String: Duration?] = [:]

    /// Those that have been silent for long enough, in order.
    var known: [String] { connected.filter { $0.value == nil }.keys.sorted() }

    /// - Parameter silent: addresses of peers that have not reported.
    /// - Returns: those of them that count as silent from now on.
    mutating func note(_ silent: [String], now: Duration, isConnected: (String) -> Bool) -> [String] {
        connected = connected.filter { silent.contains($0.key) }
        return silent.filter { address in
            guard isConnected(address) else { return false }
            guard let entry = connected[address] else {
                connected[address] = .some(now)
                return false
            }
            guard let since = entry, now - since >= LinkTiming.unreported else { return false }
            connected[address] = .some(nil)
            return true
        }
    }
}
