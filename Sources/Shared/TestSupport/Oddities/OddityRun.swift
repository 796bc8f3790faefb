import Chaos
package import Foundation
import Processes

/// Throws odd things into a running pipeline, one after another, and looks after each whether it cost anybody else anything.
struct OddityRun: Sendable {
    private let bench: OddityBench
    private let before: [String: Sample.Usage]

    /// What a stage may use more, its connections to the gateway among them, than at the beginning, once an oddity is over.
    private static let moreDescriptors = 48
    private static let moreMemory = 96 << 20
    /// Share of a core that all stages together may use then; the load alone takes a few hundredths.
    private static let maxCPU = 0.6

    init(_ bench: OddityBench) async throws {
        self.bench = bench
        try await eventually("ordinary requests are answered", within: .seconds(30)) { bench.books.answered > 50 }
        before = try await Self.usage(bench)
    }

    /// - Returns: what was wrong; empty when all is well.
    func run(_ oddity: Oddity) async -> String? {
        do {
            try await oddity.happen(bench)
            try await check()
            return nil
        } catch {
            return "\(oddity.kind.rawValue), \(oddity.name): \(error)"
        }
    }

    /// Everything else goes on as before.
    private func check() async throws {
        let books = bench.books
        let published = books.produced
        try await eventually(
            "ordinary requests are answered: \(books.answered) of \(published)", within: .seconds(15)
        ) { books.answered >= published }
        let summary = books.summary
        guard summary.second.isEmpty else { throw OddityFailure("second results: \(summary.second.prefix(5))") }
        guard summary.wrong.isEmpty else { throw OddityFailure("results of others: \(summary.wrong.prefix(5))") }
        let now = try await Self.usage(bench)
        guard now.mapValues(\.identifier) == before.mapValues(\.identifier) else {
            throw OddityFailure("a stage ended: \(now.mapValues(\.identifier)), were \(before.mapValues(\.identifier))")
        }
        try await eventually("descriptors and memory are back: \(Self.describe(now)), were \(Self.describe(before))") {
            try await Self.usage(bench).allSatisfy { name, usage in
                guard let earlier = before[name] else { return false }
                return usage.descriptors <= earlier.descriptors + Self.moreDescriptors
                    && usage.memory <= earlier.memory + Self.moreMemory
            }
        }
        try await eventually("the stages come to rest") { try await cpuShare() < Self.maxCPU }
    }

    /// Cores that the stages use now.
    private func cpuShare() async throws -> Double {
        let pids = before.values.map(\.identifier)
        let (start, used) = (ContinuousClock.now, try pids.map(Self.cpuTicks).reduce(0, +))
        try await Task.sleep(for: .milliseconds(100))
        let ticks = try pids.map(Self.cpuTicks).reduce(0, +) - used
        return Double(ticks) / Double(sysconf(Int32(_SC_CLK_TCK))) / ((ContinuousClock.now - start) / .seconds(1))
    }

    private static func usage(_ bench: OddityBench) async throws -> [String: Sample.Usage] {
        let identifiers = await bench.plant.processIdentifiers()
        return try identifiers.reduce(into: [:]) { usages, entry in
            guard let usage = Sample.Usage(of: entry.value) else { throw OddityFailure("\(entry.key) has ended") }
            usages[entry.key] = usage
        }
    }

    private static func describe(_ usage: [String: Sample.Usage]) -> String {
        usage.sorted { $0.key < $1.key }.map { "\($0) \($1.descriptors) descriptors, \($1.memory >> 20) MiB" }
            .joined(separator: "; ")
    }

    /// Source: proc(5), fields 14 and 15 of stat.
    private static func cpuTicks(of pid: Int32) throws -> Int {
        let stat = try String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
        let fields = stat[(stat.lastIndex(of: ")") ?? stat.startIndex)...].split(separator: " ")
        guard fields.count > 13, let user = Int(fields[12]), let system = Int(fields[13]) else {
            throw OddityFailure("cannot read /proc/\(pid)/stat")
        }
        return user + system
    }
}

extension Oddity {
    /// Throws all these into pipelines, one after another: into the same one for as long as nothing goes wrong.
    ///
    /// - Parameters:
    ///   - folder: for the logs; those of a pipeline in which something went wrong stay there.
    ///   - say: told what is tried.
    /// - Returns: what went wrong.
    package static func run(
        _ oddities: [Oddity], folder: URL, executables: @escaping @Sendable (String) throws -> URL,
        say: @Sendable (String) -> Void = { _ in }
    ) async -> [String] {
        var failures: [String] = []
        var rest = oddities[...]
        while !rest.isEmpty {
            let own = folder.appending(path: "\(failures.count)")
            do {
                let bench = try await OddityBench(folder: own, executables: executables)
                let all = failures.isEmpty ? Set(rest.map(\.kind)) : []
                var failure = await bench.run(&rest, say: say)
                if failure == nil {
                    try? await eventually("the logs say it") { missingWords(of: all, in: own) == nil }
                    failure = missingWords(of: all, in: own)
                }
                await bench.end()
                if let failure { failures.append("\(failure); logs: \(own.path)") }
                if failure == nil { try? FileManager.default.removeItem(at: own) }
            } catch {
                return failures + ["the pipeline does not start: \(error)"]
            }
        }
        return failures
    }

    /// What the logs of a pipeline that met all oddities of some kinds do not say.
    private static func missingWords(of kinds: Set<Kind>, in folder: URL) -> String? {
        let files = (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
        let logs = files.filter { $0.pathExtension == "log" }.compactMap { try? Data(contentsOf: $0) }
        let text = logs.map { String(decoding: $0, as: UTF8.self) }.joined()
        let missing = kinds.flatMap(\.words).filter { !text.contains($0) }
        return missing.isEmpty ? nil : "no log says: \(missing.sorted().joined(separator: "; "))"
    }
}

extension OddityBench {
    /// Takes oddities off `rest` until something goes wrong, and says what.
    fileprivate func run(_ rest: inout ArraySlice<Oddity>, say: (String) -> Void) async -> String? {
        do {
            let run = try await OddityRun(self)
            while let oddity = rest.popFirst() {
                say("\(oddity.kind.rawValue): \(oddity.name)")
                if let failure = await run.run(oddity) { return failure }
            }
            return nil
        } catch {
            return "\(rest.popFirst()?.name ?? ""): \(error)"
        }
    }
}
