package import GateRules
package import Status

extension StatusReport.Gate {
    package init(_ gate: GateStatus) {
        self.init(
            owner: gate.owner.description, name: gate.place.isEmpty ? gate.type : "\(gate.place), \(gate.type)",
            condition: gate.condition.rawValue, since: gate.since, reason: gate.reason)
    }
}
