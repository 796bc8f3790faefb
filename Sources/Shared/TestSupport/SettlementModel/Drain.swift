extension SettlementModel {
    /// Steps that bring every open request closer to its record, whatever state it is in; none when there are none.
    ///
    /// - Parameters:
    ///   - settlement: number of the first settlement.
    ///   - now: milliseconds since 1970.
    func drainingSteps(settlement: Int, at now: Int64) -> [Step] {
        if open.isEmpty { return [] }
        var steps: [Step] = []
        var batch: [PlannedSettlement] = []
        for request in open {
            switch request.state {
            case .leased(let name, _):
                batch.append(PlannedSettlement(number: settlement + batch.count, lease: name, action: .result))
            case .parked(let due) where due.lowerBound > now:
                steps.append(.becomeDue(request: request.number))
            default:
                break
            }
        }
        if !batch.isEmpty { steps.append(.settle(sink: 0, batch, losesReply: false)) }
        return steps + [.crash(source: 0), .lease(source: 0, limit: 100, losesReply: false)]
    }
}
