import GateRules
import Loop

/// The gates of one pool or queue.
struct GateSet {
    let owner: GateOwner
    let plan: GatePlan
    var gates: [LiveGate]

    init(_ settings: GateSettings, of owner: GateOwner, date: Int64) {
        self.owner = owner
        plan = GatePlan(settings)
        gates = plan.leaves.map { LiveGate($0, of: owner, date: date) }
    }

    @PipelineActor
    func findings(_ host: GateHost, at now: Duration) -> [GatePlan.Finding] {
        gates.map { $0.finding(slots: host.slots(owner), processes: max(1, host.processes(owner)), at: now) }
    }

    /// A request goes: what is counted for each reading has one place less.
    mutating func go() {
        for index in gates.indices { _ = gates[index].takePlace() }
    }
}
