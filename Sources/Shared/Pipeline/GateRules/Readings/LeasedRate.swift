/// The lease of `redis-leased-rate`: how many starts per second a controller allows, and until when.
package enum LeasedRate: Sendable, Equatable {
    /// - Parameters:
    ///   - perSecond: 0 is a pause.
    ///   - until: milliseconds since 1970, on Redis' clock.
    case valid(perSecond: Double, until: Int64, decision: String)
    case invalid(reason: String)

    /// `nil` without a lease.
    package var perSecond: Double? {
        if case .valid(let rate, _, _) = self { return rate }
        return nil
    }

    package static let apiVersion = "llm-d.ai/v1alpha1"

    /// The fields of the hash, in the order of `init`.
    package static let fields = [
        "api_version", "pool_id", "max_admission_rps", "valid_until_unix_ms", "decision_id",
    ]

    /// - Parameters:
    ///   - values: of `fields`; `nil` for those that are not there.
    ///   - now: milliseconds since 1970, on Redis' clock.
    package init(_ values: [String?], pool: String, now: Int64) {
        self = .invalid(reason: "")
        guard values.count == Self.fields.count, values.contains(where: { $0 != nil }) else {
            self = .invalid(reason: "there is no lease")
            return
        }
        if values[0] != Self.apiVersion {
            self = .invalid(reason: "api_version is \(shown(values[0])), expected \(Self.apiVersion)")
        } else if values[1] != pool {
            self = .invalid(reason: "the lease is for pool \(shown(values[1])), not for \(pool)")
        } else if let rate = values[2].flatMap(Double.init), rate.isFinite, rate >= 0 {
            self = Self.timed(rate, values[3], values[4], now: now)
        } else {
            self = .invalid(reason: "max_admission_rps is \(shown(values[2])), expected a number of at least 0")
        }
    }

    private static func timed(_ rate: Double, _ until: String?, _ decision: String?, now: Int64) -> LeasedRate {
        guard let end = until.flatMap({ Int64($0) }) else {
            return .invalid(reason: "valid_until_unix_ms is \(shown(until)), expected milliseconds since 1970")
        }
        guard end > now else {
            return .invalid(reason: "the lease has ended: valid_until_unix_ms is \(end), now is \(now)")
        }
        guard let decision, !decision.isEmpty else { return .invalid(reason: "decision_id is missing") }
        return .valid(perSecond: rate, until: end, decision: String(decision.prefix(100)))
    }
}

private func shown(_ text: String?) -> String { text.map { "\"\($0.prefix(100))\"" } ?? "missing" }
