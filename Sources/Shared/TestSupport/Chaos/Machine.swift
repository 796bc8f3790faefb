import Foundation

/// What a run ran on, for whoever reads its figures.
package enum Machine {
    package static var description: String {
        let cpu =
            (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8))?
            .split(separator: "\n").first { $0.hasPrefix("model name") }?
            .split(separator: ":", maxSplits: 1).last.map { $0.trimmingCharacters(in: .whitespaces) } ?? "unknown"
        let date = Date.now.formatted(.iso8601.year().month().day())
        return "\(date), \(ProcessInfo.processInfo.activeProcessorCount) cores (\(cpu))."
    }
}
