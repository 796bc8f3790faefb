import Foundation

/// What the processes of a run and the queue's server use, at one moment.
package struct Sample: Sendable, Equatable {
    package struct Usage: Sendable, Equatable {
        package var identifier: Int32
        /// Resident memory, bytes.
        package var memory: Int
        package var descriptors: Int

        package init(identifier: Int32, memory: Int, descriptors: Int) {
            self.identifier = identifier
            self.memory = memory
            self.descriptors = descriptors
        }

        /// What a process uses; `nil` when there is none.
        ///
        /// Source: proc(5), `VmRSS` in status, and the entries of fd.
        package init?(of identifier: Int32) {
            guard let status = try? String(contentsOfFile: "/proc/\(identifier)/status", encoding: .utf8),
                let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmRSS:") }),
                let kibibytes = line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap({ Int($0) }),
                let descriptors = try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(identifier)/fd").count
            else { return nil }
            self.init(identifier: identifier, memory: kibibytes << 10, descriptors: descriptors)
        }
    }

    package var time: Duration
    /// Results so far.
    package var results: Int
    /// By the name of the process.
    package var processes: [String: Usage]
    /// What the queue says about itself; see `QueueSession.measures`.
    package var queue: [String: Int]

    package init(time: Duration, results: Int, processes: [String: Usage], queue: [String: Int]) {
        self.time = time
        self.results = results
        self.processes = processes
        self.queue = queue
    }
}
