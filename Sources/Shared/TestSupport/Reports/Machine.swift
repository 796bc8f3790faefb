import Foundation

/// What a run ran on, for whoever reads its figures.
package struct Machine: Sendable, Equatable, Codable {
    package let processor: String
    package let cores: Int
    /// MiB.
    package let memory: Int
    package let kernel: String

    /// This machine.
    package static var current: Machine {
        Machine(
            processor: field("model name", of: "/proc/cpuinfo") ?? "unknown",
            cores: ProcessInfo.processInfo.activeProcessorCount,
            memory: Int(ProcessInfo.processInfo.physicalMemory >> 20),
            kernel: field("Linux version", of: "/proc/version") ?? "unknown")
    }

    /// One sentence, with today's date.
    package static var description: String {
        let date = Date.now.formatted(.iso8601.year().month().day())
        return "\(date), \(current.cores) cores (\(current.processor))."
    }

    /// What follows a name in the first line that begins with it, up to the next word for one without a colon.
    private static func field(_ name: String, of path: String) -> String? {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix(name) })
        else { return nil }
        if let colon = line.firstIndex(of: ":"), line[..<colon].trimmingCharacters(in: .whitespaces) == name {
            return line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
        }
        return line.dropFirst(name.count).split(separator: " ").first.map(String.init)
    }
}
