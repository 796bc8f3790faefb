/// What an hour of load and faults has shown.
package struct SoakReport: Sendable {
    package struct Line: Sendable, Equatable {
        package var name: String
        package var unit: String
        package var flatness: Flatness
    }

    package var samples: [Sample]
    package var results: ResultBooks.Summary
    /// Why requests are lost, where some may be, and those without a reason; `nil` where none may.
    package var losses: (causes: [LossCheck.Cause: Int], inexcusable: [Int])?
    /// Results per second, as fast as it went before, and asked for during the run.
    package var highestRate: Double
    package var rate: Double
    package var disturbances: [Disturbance]
    package var leftovers: [String]
    /// What went wrong besides.
    package var troubles: [String]
    /// Whether the queue may deliver a request again, after which it has a second result; they are only counted here.
    package var allowsSecond: Bool

    package init(
        samples: [Sample], results: ResultBooks.Summary,
        losses: (causes: [LossCheck.Cause: Int], inexcusable: [Int])? = nil, highestRate: Double, rate: Double,
        disturbances: [Disturbance], leftovers: [String], troubles: [String] = [], allowsSecond: Bool = false
    ) {
        self.samples = samples
        self.results = results
        self.losses = losses
        self.highestRate = highestRate
        self.rate = rate
        self.disturbances = disturbances
        self.leftovers = leftovers
        self.troubles = troubles
        self.allowsSecond = allowsSecond
    }

    private static let mebibyte = Double(1 << 20)
    /// Of a stage, with the little that is in flight here.
    private static let maxMemory = 64 << 20

    /// Processes that ran from the first sample to the last: whoever was killed began again with nothing.
    package var lasting: [String] {
        guard let first = samples.first else { return [] }
        return first.processes.keys.sorted().filter { name in
            samples.allSatisfy { $0.processes[name]?.identifier == first.processes[name]?.identifier }
        }
    }

    /// Whether each measured thing stays flat.
    package var lines: [Line] {
        func line(_ name: String, _ unit: String, _ allowance: Double, _ value: (Sample) -> Double?) -> Line {
            let values = samples.compactMap { sample in value(sample).map { (sample.time, $0) } }
            return Line(name: name, unit: unit, flatness: Flatness(values, allowance: allowance))
        }
        return lasting.flatMap { name in
            [
                line("memory of \(name)", "MiB", 0.25) { $0.processes[name].map { Double($0.memory) / Self.mebibyte } },
                line("descriptors of \(name)", "", 0.5) { $0.processes[name].map { Double($0.descriptors) } },
            ]
        }
            + [
                line("memory of the queue's data", "MiB", 0.5) {
                    $0.queue["memory"].map { Double($0) / Self.mebibyte }
                },
                line("keys", "", 0.5) { $0.queue["keys"].map(Double.init) },
                line("clients of the queue", "", 0.5) { $0.queue["clients"].map(Double.init) },
            ].filter { $0.flatness.most > 0 }
    }

    /// Requests that are lost and must not be.
    private var lost: Int { losses?.inexcusable.count ?? results.lost.count }

    /// Why others are.
    private var excuses: String {
        let causes = LossCheck.Cause.allCases.compactMap { cause in
            losses?.causes[cause].map { "\($0) \(cause.rawValue)" }
        }
        return causes.isEmpty ? "" : " (+ \(causes.joined(separator: ", ")))"
    }

    package var failures: [String] {
        var failures = troubles
        func fail(_ count: Int, _ text: String) { if count > 0 { failures.append("\(count) \(text)") } }
        fail(lost, "lost")
        if !allowsSecond { fail(results.second.count, "second results") }
        fail(results.wrong.count, "wrong results")
        fail(results.strangers.count, "results of no request")
        if !leftovers.isEmpty { failures.append("left behind: \(leftovers.joined(separator: ", "))") }
        failures += lines.filter { !$0.flatness.isFlat }.map { "not flat: \(Self.text($0))" }
        for sample in samples {
            for (name, usage) in sample.processes where usage.memory > Self.maxMemory {
                failures.append("\(name) had \(usage.memory >> 20) MiB after \(Int(sample.time.inSeconds)) s")
            }
        }
        return failures
    }

    package static func text(_ line: Line) -> String {
        "\(line.name): mean \(number(line.flatness.mean)) \(line.unit), at most \(number(line.flatness.most)), "
            + "\(line.flatness.rise < 0 ? "" : "+")\(number(line.flatness.rise)) in ten minutes"
    }

    /// With two decimals.
    static func number(_ value: Double) -> String {
        let hundredths = Int((value * 100).rounded())
        let rest = abs(hundredths) % 100
        return "\(hundredths < 0 ? "-" : "")\(abs(hundredths) / 100).\(rest < 10 ? "0" : "")\(rest)"
    }

    /// Markdown for the document.
    package func section(minutes: Int, seed: UInt64, machine: String) -> String {
        let kinds = Dictionary(grouping: disturbances, by: \.kind.rawValue).mapValues(\.count)
            .sorted { $0.key < $1.key }.map { "\($0.value) × \($0.key)" }.joined(separator: ", ")
        let good = "all flat, nothing lost" + (allowsSecond ? "" : ", nothing twice")
        let verdict = failures.isEmpty ? good : failures.joined(separator: "; ")
        return """
            \(minutes) minutes at \(Int(rate)) requests/s, half of the \(Int(highestRate))/s measured before; \
            \(results.requests) requests, \(lost) lost\(excuses), \(results.second.count) second results; \
            \(disturbances.count) faults (\(kinds)); seed \(seed): \(verdict). \(machine)

            | measured once a minute | mean | at most | rise in ten minutes | |
            |---|--:|--:|--:|---|
            \(lines.map(row).joined(separator: "\n"))

            \(course)
            """
    }

    private func row(_ line: Line) -> String {
        let flatness = line.flatness
        let numbers = [flatness.mean, flatness.most, flatness.rise].map { "\(Self.number($0)) \(line.unit)" }
        return "| \(line.name) | \(numbers.joined(separator: " | ")) | \(flatness.isFlat ? "flat" : "not flat") |"
    }

    /// Some of the samples as they were.
    private var course: String {
        let names = lasting
        let step = max(1, samples.count / 12)
        let head =
            "| minute | results | " + names.map { "\($0) MiB" }.joined(separator: " | ") + " | keys | queue MiB |"
        let rows = stride(from: 0, to: samples.count, by: step).map { index in
            let sample = samples[index]
            let memory = names.map { Self.number(Double(sample.processes[$0]?.memory ?? 0) / Self.mebibyte) }
            let queue = Self.number(Double(sample.queue["memory"] ?? 0) / Self.mebibyte)
            return "| \(Int(sample.time.inSeconds / 60)) | \(sample.results) | " + memory.joined(separator: " | ")
                + " | \(sample.queue["keys"] ?? 0) | \(queue) |"
        }
        return ([head, "|" + String(repeating: "--:|", count: names.count + 4)] + rows).joined(separator: "\n")
    }
}
