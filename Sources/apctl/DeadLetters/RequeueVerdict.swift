import Messages

/// Whether a dead letter may go back on its queue.
enum RequeueVerdict: Equatable {
    /// - Parameters:
    ///   - deadline: Unix seconds; `nil` when none can be read.
    ///   - warning: What will come of it if that is nothing good.
    case go(deadline: Int64?, warning: String?)
    case keep(reason: String)

    /// - Parameters:
    ///   - needsDeadline: Whether the queue orders requests by it.
    ///   - isForced: Whether the operator wants it though nothing good will come of it.
    ///   - now: Unix seconds.
    init(_ letter: DeadLetter, needsDeadline: Bool, isForced: Bool, now: Int64) {
        if let fault = letter.fault {
            self = .keep(reason: fault)
            return
        }
        switch InboundRequest.decode(letter.body[...], limits: .none) {
        case .request(let request) where request.deadline > now:
            self = .go(deadline: request.deadline, warning: nil)
        case .request(let request):
            let time = DeadLetter.timeText(request.deadline)
            let warning = "its deadline is over (\(time)), so it will be answered DEADLINE_EXCEEDED"
            self = isForced ? .go(deadline: request.deadline, warning: warning) : Self.unforced(warning)
        case .invalid(let rejected):
            let warning = "it will be answered INVALID_REQUEST (\(rejected.reason))"
            self = Self.unordered(rejected.reason, warning, needsDeadline, isForced)
        case .undecodable(let reason):
            let warning = "it will be a dead letter again (\(reason))"
            self = Self.unordered(reason, warning, needsDeadline, isForced)
        }
    }

    /// For a request without a deadline that could be read.
    private static func unordered(
        _ reason: String, _ warning: String, _ needsDeadline: Bool, _ isForced: Bool
    ) -> RequeueVerdict {
        if needsDeadline { return .keep(reason: "no deadline can be read, by which the queue is ordered (\(reason))") }
        return isForced ? .go(deadline: nil, warning: warning) : unforced(warning)
    }

    private static func unforced(_ warning: String) -> RequeueVerdict {
        .keep(reason: "\(warning); --force requeues it all the same")
    }
}
