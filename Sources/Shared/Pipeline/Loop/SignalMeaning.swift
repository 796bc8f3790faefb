import Glibc

/// What a signal means, after those that came before it.
package struct SignalMeaning: Sendable {
    package enum Meaning: Sendable, Equatable {
        /// The first that asks the process to stop.
        case drain
        /// The same wish once more: shells, supervisors and Kubernetes often say it twice.
        case same
        /// Whoever asked does not want to wait.
        case endNow
        /// One that has no meaning here, to be said once for each number.
        case unknown
        case unknownAgain
    }

    /// How long after the first wish others are taken for the same one.
    private static let sameWish = Duration.seconds(1)

    private var firstWish: Duration?
    private var unknown: Set<CInt> = []

    package init() {}

    /// - Parameter now: on any clock that only goes forward.
    package mutating func take(_ signal: CInt, at now: Duration) -> Meaning {
        guard signal == SIGTERM || signal == SIGINT else {
            return unknown.insert(signal).inserted ? .unknown : .unknownAgain
        }
        guard let firstWish else {
            firstWish = now
            return .drain
        }
        return now - firstWish < Self.sameWish ? .same : .endNow
    }
}
