import Logging

/// Reports once when the process has no descriptor left, and once when it has some again.
///
/// Meanwhile operations that need one (connections to peers, to the gateway, to the queue server) fail and are retried.
struct DescriptorWatch {
    enum Change: Equatable { case usedUp, back }

    private var wereUsedUp = false

    /// - Returns: `nil` when nothing has changed.
    mutating func look(areUsedUp: Bool) -> Change? {
        defer { wereUsedUp = areUsedUp }
        if areUsedUp == wereUsedUp { return nil }
        return areUsedUp ? .usedUp : .back
    }
}

extension DescriptorWatch.Change {
    func log(_ logger: Logger, limit: Int) {
        switch self {
        case .usedUp:
            logger.error(
                "No file descriptor is left; what needs one is tried again",
                metadata: [
                    "limit": "\(limit)",
                    "remedy": "raise ulimit -Hn, or find who holds connections to the ports of this stage",
                ])
        case .back: logger.info("There are file descriptors again")
        }
    }
}
