/// What a gate knows of a request when it judges it.
package struct GateRequest: Sendable, Equatable {
    /// The metadata that gates ask for (`GatePlan.attributes`), as far as the request has them.
    package var metadata: [String: String]
    /// Its labels that gates ask for (`GatePlan.labels`), as far as it has them.
    package var labels: [String: String]
    /// Whether it is within somebody's quota; `nil`: nobody said.
    package var classification: RequestClass?

    package init(
        metadata: [String: String] = [:], labels: [String: String] = [:], classification: RequestClass? = nil
    ) {
        self.metadata = metadata
        self.labels = labels
        self.classification = classification
    }
}

/// What a quota made of a request; the label `classification` of llm-d-async.
package enum RequestClass: String, Sendable, CaseIterable {
    /// Within the quota.
    case reserved
    /// Over it.
    case overflow
}

/// What becomes of a request.
package enum GateVerdict: Sendable, Equatable {
    /// It may start, as far as the gate's state allows starts.
    case go
    /// It is to go back where it came from; that was no attempt.
    ///
    ///   - after: when it is worth asking again, if that is known.
    case refuse(why: String, after: Duration? = nil)
    /// It is to wait where it is.
    case wait(why: String, after: Duration? = nil)
    /// It ends here, with this payload as its result.
    case drop(payload: String, why: String)

    /// Refusals become waits.
    var waiting: GateVerdict {
        if case .refuse(let why, let after) = self { return .wait(why: why, after: after) }
        return self
    }
}

/// What was decided of one request, and what it holds until it has ended.
package struct GateDecision: Sendable, Equatable {
    /// Why a request did not go, as llm-d-async counts it.
    package enum Reason: String, Sendable, CaseIterable {
        case gateClosed = "gate_closed"
        case quotaExhausted = "quota_exhausted"
        case dropped
        case error
    }

    package var verdict: GateVerdict
    /// Of the request, after all gates.
    package var classification: RequestClass?
    /// `nil` when it goes.
    package var reason: Reason?
    /// To be given to `Gates.ended` when the request has ended, whatever came of it.
    package var reservations: [GateReservation]
    /// Buckets of quotas in tokens, each once, that its answer is to be charged to.
    package var charges: [String]
    /// Of requests that share what this one was refused: one of them may ask again so often; `nil`: nobody knows.
    package var spacing: Duration?

    package init(
        _ verdict: GateVerdict, classification: RequestClass? = nil, reason: Reason? = nil,
        reservations: [GateReservation] = [], charges: [String] = [], spacing: Duration? = nil
    ) {
        self.verdict = verdict
        self.classification = classification
        self.reason = reason
        self.reservations = reservations
        self.charges = charges
        self.spacing = spacing
    }
}

/// A place in a quota that a request holds.
package struct GateReservation: Sendable, Hashable {
    /// Among all processes.
    package let id: String
    /// The quota, and the value of its attribute.
    package let quota: QuotaSettings
    package let value: String

    package init(id: String, quota: QuotaSettings, value: String) {
        self.id = id
        self.quota = quota
        self.value = value
    }

    /// The key of the counter, or of the log of starts.
    package var key: String { quota.key(for: value) }
}

extension QuotaSettings {
    /// Such as `quota:userid:alice`; a value of more than 1,000 bytes is cut, since keys are not for prose.
    package func key(for value: String) -> String {
        let cut = value.utf8.count > 1000 ? String(decoding: value.utf8.prefix(1000), as: UTF8.self) : value
        return "\(prefix)\(attribute):\(cut)"
    }

    /// The key of the places that are held, with the time at which each is free again.
    package func slotsKey(for value: String) -> String { "\(key(for: value)):slots" }
}
