package import Foundation
import Glibc
import Processes
import TestServers

/// How the stages are started.
package struct PipelineLayout: Sendable {
    /// Requests at the gateway at once, for each dispatch process.
    package var concurrency = 64
    package var dispatches = 1
    /// Over TCP on the loopback address, as between machines, instead of Unix sockets.
    package var usesTCP = false
    /// Flags that name the queue and its gateway.
    package var queueFlags: [String]
    /// Of all stages, beside that of this process.
    package var environment: [String: String] = [:]
    /// `nil`: not at all.
    package var observation: Observation?

    package init(queueFlags: [String]) { self.queueFlags = queueFlags }
}

/// The four stages as processes.
package actor Pipeline {
    package static let stages = ["ingest", "dispatch", "retry", "emit"]
    private let processes: [(stage: String, process: StageProcess)]

    /// - Parameters:
    ///   - executable: where the program of a name is.
    ///   - folder: for logs and Unix sockets.
    package init(_ layout: PipelineLayout, folder: URL, executable: (String) throws -> URL) throws {
        let addresses = try Addresses(layout, folder: folder)
        var processes: [(String, StageProcess)] = []
        for stage in ["emit", "retry", "dispatch", "ingest"] {
            for place in 0..<(stage == "dispatch" ? layout.dispatches : 1) {
                let flags =
                    layout.queueFlags + addresses.flags(of: stage, place) + [
                        "--concurrency", "\(layout.concurrency)",
                    ] + (layout.observation?.flags(of: stage, folder: folder) ?? ["--metrics-port", "0"])
                let process = StageProcess(
                    place == 0 ? stage : "\(stage)-\(place + 1)", executable: try executable(stage), arguments: flags,
                    environment: layout.environment.merging(layout.observation?.environment ?? [:]) { $1 },
                    directory: folder)
                processes.append((stage, process))
            }
        }
        self.processes = processes
    }

    package func start() async throws {
        for (_, process) in processes { try await process.start() }
    }

    package func end() async {
        for (_, process) in processes { await process.end() }
    }

    /// - Throws: if one has ended by itself, with the end of its log.
    package func requireRunning() async throws {
        for (_, process) in processes where await !process.isRunning {
            throw ProcessFailure("\(process.name) has ended\n\(await process.logText().suffix(2000))")
        }
    }

    package func identifiers() async -> [MeasuredProcess] {
        var result: [MeasuredProcess] = []
        for (stage, process) in processes {
            if let pid = await process.processIdentifier { result.append((part: stage, pid: pid)) }
        }
        return result
    }
}

/// Endpoints of a pipeline's processes.
private struct Addresses {
    private var listen: [String: [String]] = [:]
    private var acks: [String: [String]] = [:]

    init(_ layout: PipelineLayout, folder: URL) throws {
        for stage in Pipeline.stages {
            for place in 0..<(stage == "dispatch" ? layout.dispatches : 1) {
                listen[stage, default: []].append(
                    try Self.endpoint("\(stage)\(place)", isTCP: layout.usesTCP, folder: folder))
                acks[stage, default: []].append(
                    try Self.endpoint("\(stage)\(place)a", isTCP: layout.usesTCP, folder: folder))
            }
        }
    }

    private static func endpoint(_ name: String, isTCP: Bool, folder: URL) throws -> String {
        isTCP ? "tcp://127.0.0.1:\(try freePort())" : "ipc://\(folder.appending(path: name).path)"
    }

    func flags(of stage: String, _ place: Int) -> [String] {
        var flags: [String] = []
        for peer in ["dispatch", "retry", "emit"] {
            flags += ["--\(peer)", listen[peer, default: []].joined(separator: ",")]
        }
        if stage != "ingest", let own = listen[stage] { flags += ["--listen", own[place]] }
        if stage != "emit", let own = acks[stage] { flags += ["--acks", own[place]] }
        return flags
    }
}
