import Foundation
import Processes

/// What happened between the first and the last result of a load.
package struct Rush: Sendable {
    package var curve = ResultCurve()
    /// Results between the two readings of the clocks below.
    package var counted = 0
    /// Nanoseconds of CPU time in that time, by part: the stages, the queue server, the gateway.
    package var cpu: [String: Int64] = [:]
    /// Part of the machine's time that went to processes that are none of these, this one excepted.
    package var elsewhere = 0.0
    /// Bytes, by stage; of several processes of a stage the largest.
    package var peakMemory: [String: Int] = [:]

    package func cpuMicroseconds(of part: String) -> Double {
        Double(cpu[part] ?? 0) / 1000 / Double(max(1, counted))
    }

    package var stageMicroseconds: Double { Pipeline.stages.reduce(0) { $0 + cpuMicroseconds(of: $1) } }
}

/// Whose CPU time is read: a part's name and one of its processes.
package typealias MeasuredProcess = (part: String, pid: Int32)

/// Watches results arrive until there are `total`.
///
/// Looks every two milliseconds; the queue server answers that from memory.
/// - Parameter count: results so far.
package func watch(
    _ processes: [MeasuredProcess], until total: Int, patience: Int64 = 15_000_000_000, count: () throws -> Int
) throws -> Rush {
    var rush = Rush()
    var begin: (count: Int, clocks: Clocks)?
    var lastChange = Monotonic.now
    var seen = 0
    while true {
        let point = ResultCurve.Point(time: Monotonic.now, count: try count())
        rush.curve.add(point)
        if begin == nil, point.count > 0 { begin = (point.count, try Clocks(processes)) }
        if point.count != seen { (seen, lastChange) = (point.count, point.time) }
        if let begin, point.count >= total {
            let end = try Clocks(processes)
            rush.counted = point.count - begin.count
            rush.cpu = end.parts.merging(begin.clocks.parts) { $0 - $1 }
            rush.elsewhere = end.elsewhere(since: begin.clocks)
            break
        }
        if point.time - lastChange > patience {
            throw ProcessFailure("\(seen) of \(total) results, and none for \(patience / 1_000_000_000) s")
        }
        Monotonic.sleep(milliseconds: 2)
    }
    for (part, pid) in processes {
        rush.peakMemory[part] = max(rush.peakMemory[part] ?? 0, try ProcessUse.peakMemory(of: pid))
    }
    return rush
}

/// CPU time so far, by part.
package func cpuTimes(_ processes: [MeasuredProcess]) throws -> [String: Int64] {
    var times: [String: Int64] = [:]
    for (part, pid) in processes { times[part, default: 0] += try ProcessUse.cpuNanoseconds(of: pid) }
    return times
}

/// All clocks of CPU time at one moment.
struct Clocks: Sendable {
    let parts: [String: Int64]
    private let time = Monotonic.now
    private let own = Monotonic.ownCPU
    private let machine: Int64

    init(_ processes: [MeasuredProcess]) throws {
        parts = try cpuTimes(processes)
        machine = try MachineUse.busyNanoseconds()
    }

    /// Part of the machine's time, 0 to 1, that neither the measured processes nor this one had.
    func elsewhere(since begin: Clocks) -> Double {
        let known = parts.values.reduce(own, +) - begin.parts.values.reduce(begin.own, +)
        let all = Double(time - begin.time) * Double(ProcessInfo.processInfo.activeProcessorCount)
        return max(0, Double(machine - begin.machine - known) / all)
    }
}
