import CEpoll  // Its headers come first, and with them the type of a point in time.
import Foundation
import Glibc
package import Processes

/// What a process has taken from the machine.
package enum ProcessUse {
    /// Nanoseconds of CPU time of all its threads, ended ones included.
    ///
    /// Source: clock_getcpuclockid(3).
    package static func cpuNanoseconds(of pid: Int32) throws(ProcessFailure) -> Int64 {
        var clock = clockid_t()
        guard clock_getcpuclockid(pid, &clock) == 0 else { throw ProcessFailure("no CPU clock of process \(pid)") }
        return nanoseconds(of: clock)
    }

    /// The most memory it has had resident so far, in bytes.
    ///
    /// Source: proc(5), `VmHWM` of status.
    package static func peakMemory(of pid: Int32) throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
        guard let kibibytes = kibibytes("VmHWM", in: status) else {
            throw ProcessFailure("no VmHWM in /proc/\(pid)/status")
        }
        return kibibytes * 1024
    }

    static func kibibytes(_ name: String, in status: String) -> Int? {
        status.split(separator: "\n").first { $0.hasPrefix(name + ":") }?
            .split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }
    }
}

/// The clock all processes of the machine share, in nanoseconds.
package enum Monotonic {
    package static var now: Int64 { nanoseconds(of: CLOCK_MONOTONIC) }

    /// CPU time of this process.
    package static var ownCPU: Int64 { nanoseconds(of: CLOCK_PROCESS_CPUTIME_ID) }

    /// Returns at `time` or a little later; at once if it has passed.
    package static func sleep(until time: Int64) {
        var moment = timespec(tv_sec: Int(time / 1_000_000_000), tv_nsec: Int(time % 1_000_000_000))
        while clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &moment, nil) == EINTR {}
    }

    package static func sleep(milliseconds: Int) { sleep(until: now + Int64(milliseconds) * 1_000_000) }
}

private func nanoseconds(of clock: clockid_t) -> Int64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}
