/// As failures print it.
extension Step: CustomStringConvertible {
    package var description: String {
        switch self {
        case .submit(let number): "submit r\(number)"
        case .resubmit(let number, let former): "submit the bytes of r\(former) again, as r\(number)"
        case .lease(let source, let limit, let losesReply):
            "source \(source) leases up to \(limit)\(Self.loss(losesReply))"
        case .probe(let source): "source \(source) asks in vain"
        case .renew(let source, let leases, let losesReply):
            "source \(source) renews \(leases)\(Self.loss(losesReply))"
        case .release(let source, let leases, let losesReply):
            "source \(source) releases \(leases)\(Self.loss(losesReply))"
        case .expire(let number): "the lease of r\(number) expires"
        case .becomeDue(let number): "r\(number) becomes due"
        case .crash(let source): "source \(source) crashes"
        case .gap(let source): "source \(source) has a gap"
        case .settle(let sink, let batch, let losesReply): "sink \(sink) settles \(batch)\(Self.loss(losesReply))"
        case .crashSink(let sink): "sink \(sink) crashes"
        case .both(let one, let other): "at once: \(one); and \(other)"
        }
    }

    private static func loss(_ losesReply: Bool) -> String { losesReply ? ", the reply is lost" : "" }
}

extension PlannedSettlement: CustomStringConvertible {
    package var description: String {
        switch action {
        case .result: "#\(number) result of \(lease)"
        case .park(let milliseconds, let failedAttempts):
            "#\(number) park \(lease) for \(milliseconds) ms with \(failedAttempts) failed attempts"
        case .release: "#\(number) release \(lease)"
        case .deadLetter(let hasResult): "#\(number) dead letter of \(lease)\(hasResult ? " with a result" : "")"
        }
    }
}
