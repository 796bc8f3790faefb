import Foundation
import SettlementModel
import Testing

/// Which schedules to run: `AP_SETTLEMENT_SCHEDULES=17+1` runs number 17, `0+10000` ten thousand.
enum Seeds {
    private static let words = ProcessInfo.processInfo.environment["AP_SETTLEMENT_SCHEDULES"]?.split(separator: "+")

    /// Whether the environment says which.
    static var areGiven: Bool { words != nil }

    /// - Parameter count: how many, unless the environment says.
    static func range(_ count: UInt64) -> Range<UInt64> {
        let first = words?.first.flatMap { UInt64($0) } ?? 0
        return first..<(first + (words?.last.flatMap { UInt64($0) } ?? count))
    }
}

/// Runs schedules until one fails, and records what remains of it when it is shrunk.
func expectNoFailure(_ trial: SettlementTrial, schedules: Range<UInt64>) async throws {
    for seed in schedules {
        guard let failure = try await trial.run(seed: seed) else { continue }
        let small = try await trial.shrink(failure)
        Issue.record("\(failure)\nshrunk to \(small.steps.count) steps:\n\(small)")
        return
    }
}

/// The first schedule that fails.
func firstFailure(_ trial: SettlementTrial, schedules: Range<UInt64>) async throws -> SettlementFailure? {
    for seed in schedules {
        if let failure = try await trial.run(seed: seed) { return failure }
    }
    return nil
}
