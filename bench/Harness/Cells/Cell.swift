package import Foundation

/// One figure of one run.
package struct Figure: Sendable, Equatable {
    package let name: String
    package let unit: String
    package let value: Double

    package init(_ name: String, _ value: Double, _ unit: String) {
        self.name = name
        self.value = value
        self.unit = unit
    }
}

/// One thing that is measured, a few seconds long.
package protocol Cell: Sendable {
    var name: String { get }
    /// What it does, in a few words.
    var summary: String { get }
    /// The name of a cell that must have run before.
    var needs: String? { get }
    /// Why it cannot be run on this machine; `nil` if it can.
    var obstacle: String? { get }
    func run(_ bench: Surroundings) async throws -> [Figure]
}

extension Cell {
    package var needs: String? { nil }
    package var obstacle: String? { nil }
}

/// What a run of a cell is given.
package struct Surroundings: Sendable {
    /// Of its own, removed afterwards.
    package var folder: URL
    /// Where the programs of this build are.
    package let executable: @Sendable (String) throws -> URL
    /// Part of the usual number of requests; below 1 only to try the benchmark itself.
    package let scale: Double
    /// Medians of cells that ran before, by `cell/figure`.
    package let known: [String: Double]

    package init(
        folder: URL, executable: @escaping @Sendable (String) throws -> URL, scale: Double = 1,
        known: [String: Double] = [:]
    ) {
        self.folder = folder
        self.executable = executable
        self.scale = scale
        self.known = known
    }

    func scaled(_ count: Int) -> Int { max(1, Int(Double(count) * scale)) }
}

extension Surroundings {
    /// Unix seconds at which requests of this run expire.
    var deadline: Int { Int(Date.now.timeIntervalSince1970) + 3600 }
}
