/// What is known of servers that do not keep to HTTP, so that it costs their own requests and no others.
struct OddServers: Sendable {
    /// Servers that say HTTP/2 where they speak HTTP/1.1, which libcurl believes: it would let exchanges share their
    /// connections.
    private var confused: Set<Origin> = []
    private static let maxConfused = 1000

    /// Servers that have sent what nobody asked for, and until when each of their requests gets a connection of its own,
    /// nanoseconds of CLOCK_MONOTONIC.
    ///
    /// What such a server sends while the next request is under way cannot be told from an answer to it.
    private var untidy: [Origin: Int64] = [:]
    private static let maxUntidy = 1000
    private static let untidyTime: Int64 = 600 * 1_000_000_000

    /// - Returns: whether that is news of its server.
    mutating func noteSurplus(of url: String, now: Int64) -> Bool {
        guard let origin = Origin(url) else { return false }
        untidy = untidy.filter { $1 > now }
        let isKnown = untidy[origin] != nil
        guard isKnown || untidy.count < Self.maxUntidy else { return false }
        untidy[origin] = now + Self.untidyTime
        return !isKnown
    }

    /// Whether each request gets a connection of its own.
    func mustBeAlone(_ url: String, now: @autoclosure () -> Int64) -> Bool {
        guard !untidy.isEmpty, let origin = Origin(url), let end = untidy[origin] else { return false }
        return now() < end
    }

    mutating func noteConfusion(of url: String) {
        guard confused.count < Self.maxConfused, let origin = Origin(url) else { return }
        confused.insert(origin)
    }

    func mayUseHTTP2(_ url: String) -> Bool {
        confused.isEmpty || Origin(url).map { !confused.contains($0) } ?? true
    }
}
