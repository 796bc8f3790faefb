import Messages

/// What a sink could not settle when it was asked last, and will be asked again: why it is not well while that lasts.
///
/// Keeps no more than its caller has open.
package struct DelayedSettlements: Sendable {
    private var reasons: [Receipt: String] = [:]

    package init() {}

    /// Why something waits; `nil` when nothing does.
    package var trouble: String? { reasons.values.min() }

    /// Notes what came of a batch.
    package mutating func note(_ batch: [Settlement], _ statuses: [SettlementStatus]) {
        for (settlement, status) in zip(batch, statuses) {
            if case .delayed(let reason) = status {
                reasons[settlement.receipt] = reason
            } else if !reasons.isEmpty {
                reasons[settlement.receipt] = nil
            }
        }
    }
}
