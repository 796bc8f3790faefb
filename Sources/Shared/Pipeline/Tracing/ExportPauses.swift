/// How long the exporter waits before it sends the same spans again, and when it gives them up.
struct ExportPauses {
    private static let longest = Duration.seconds(16)
    /// Waiting for one batch in all.
    private static let patience = Duration.seconds(60)

    private var next = Duration.seconds(1)
    private var waited = Duration.zero

    /// - Parameters:
    ///   - wish: what the collector has asked for.
    ///   - random: from 0 to 1.
    /// - Returns: `nil` when it has been tried for long enough.
    mutating func pause(askedFor wish: Duration?, random: Double) -> Duration? {
        let pause = max(wish ?? .zero, next / 2 + next / 2 * random)
        guard waited + pause <= Self.patience else { return nil }
        waited += pause
        next = min(next * 2, Self.longest)
        return pause
    }
}

/// Whether spans that the collector does not take together are sent in halves.
///
/// One that is at fault among 512 costs 19 requests and no other span. A collector that takes nothing at all is soon believed.
struct ExportHalves {
    /// As many refusals follow each other only where most spans are at fault.
    private static let mostRefusals = 32

    private var refusals = 0

    /// The collector has taken some.
    mutating func noteTaken() { refusals = 0 }

    /// - Parameter count: of the spans that it has just refused.
    mutating func areSent(of count: Int) -> Bool {
        refusals += 1
        return count > 1 && refusals <= Self.mostRefusals
    }
}

/// What is said of the collector: once that it does not take spans, and once that it does again.
struct ExportNews {
    enum Change: Equatable {
        case trouble(String)
        /// With how many spans were lost meanwhile.
        case back(lost: Int)
    }

    private var isInTrouble = false
    private var lostBefore = 0

    /// - Parameter lost: spans that were dropped in all, for whatever reason.
    mutating func note(_ answer: ExportAnswer, lost: Int) -> Change? {
        switch answer {
        case .taken(rejected: 0, _):
            guard isInTrouble else {
                lostBefore = lost
                return nil
            }
            isInTrouble = false
            defer { lostBefore = lost }
            return .back(lost: lost - lostBefore)
        case .taken(let count, let reason): return trouble("it rejects \(count) spans: \(reason)")
        case .later(let reason, _), .unfit(let reason), .refused(let reason): return trouble(reason)
        }
    }

    private mutating func trouble(_ reason: String) -> Change? {
        guard !isInTrouble else { return nil }
        isInTrouble = true
        return .trouble(reason)
    }
}
