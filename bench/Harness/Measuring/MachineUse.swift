import Foundation
import Glibc
import Processes

/// What all processes of the machine together have taken from it, and what its host took.
enum MachineUse {
    /// Nanoseconds of CPU time, all cores.
    ///
    /// Source: proc(5), the first line of stat, in clock ticks: all but idle (4th), waiting for a disk (5th), and guests
    /// (9th and 10th), which are counted in the 1st and 2nd.
    static func busyNanoseconds() throws -> Int64 {
        guard let ticks = busyTicks(try String(contentsOfFile: "/proc/stat", encoding: .utf8)) else {
            throw ProcessFailure("cannot read /proc/stat")
        }
        return ticks * (1_000_000_000 / Int64(sysconf(Int32(_SC_CLK_TCK))))
    }

    static func busyTicks(_ stat: String) -> Int64? {
        guard let line = stat.split(separator: "\n").first, line.hasPrefix("cpu ") else { return nil }
        let numbers = line.split(separator: " ").dropFirst().map { Int64($0) ?? 0 }
        guard numbers.count >= 8 else { return nil }
        return numbers.prefix(8).enumerated().reduce(0) { $1.offset == 3 || $1.offset == 4 ? $0 : $0 + $1.element }
    }
}
