import Foundation

extension Cell {
    /// The same on Pub/Sub.
    ///
    /// Leases are at least 10 s there, and the emulator has nothing on disk with which it could go on after its death:
    /// where Redis is killed, the connections to Pub/Sub are cut and refused instead.
    var onPubSub: Cell {
        var cell = self
        cell.name = Self.changed(name, [("redis-killed", "pubsub-refused"), ("redis", "pubsub")])
        cell.summary = Self.changed(
            summary,
            [
                ("Redis killed, started again", "connections to Pub/Sub cut, and taken again"),
                ("Redis ended, started again", "the emulator stopped, and continued"),
                ("Redis:", "the emulator:"), ("Redis'", "Pub/Sub's"), ("Redis", "Pub/Sub"),
                ("the script ran", "it did what it was asked"), ("leases are 5 s", "leases are 10 s"),
                ("SIGSTOP for 10 s with leases of 4 s", "SIGSTOP for 20 s with leases of 10 s"),
            ])
        cell.isAlwaysSynced = false
        cell.layout.leaseSeconds = max(10, layout.leaseSeconds)
        // What a dead emit had parked comes back ten seconds after its time.
        if name == "failing" { cell.recoveryLimit = recoveryLimit.map { $0 + .seconds(10) } }
        cell.faults = faults.map { planned in
            var planned = planned
            switch planned.fault {
            case .serverAway(let time, kill: true):
                planned.fault = .links(.toServer, .refused(time))
                cell.layout.hasServerProxies = true
            case .freeze(let names, let time) where time > .seconds(layout.leaseSeconds):
                planned.fault = .freeze(names, for: max(time, .seconds(2 * cell.layout.leaseSeconds)))
            default: break
            }
            return planned
        }
        return cell
    }

    private static func changed(_ text: String, _ changes: [(old: String, new: String)]) -> String {
        changes.reduce(text) { $0.replacingOccurrences(of: $1.old, with: $1.new) }
    }
}
