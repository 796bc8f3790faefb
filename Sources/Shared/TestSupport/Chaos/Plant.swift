package import Foundation
import Processes
import TestServers

/// The processes of a run, and the proxies between them.
///
/// Endpoints are TCP on the loopback address, as in a cluster. Each dispatch process has a gateway token of its own, its
/// name, by which the gateway knows whose an attempt is.
package actor Plant {
    private struct Member {
        let process: StageProcess
        /// Whether it should run now.
        var isWanted = false
    }

    package nonisolated let folder: URL
    package nonisolated let network: Network
    private var members: [String: Member] = [:]

    /// - Parameters:
    ///   - executables: where the four executables are.
    ///   - queueFlags: flags of all stages that name the queue, by the port where the server is found.
    ///   - queueEnvironment: environment of all stages, likewise.
    package init(
        _ layout: Layout, executables: @Sendable (String) throws -> URL, folder: URL, serverPort: Int?,
        queueFlags: @Sendable (Int?) -> [String], queueEnvironment: @Sendable (Int?) -> [String: String] = { _ in [:] }
    ) throws {
        self.folder = folder
        let network = try Network(layout, serverPort: serverPort)
        self.network = network
        for kind in StageKind.allCases {
            for name in kind.names(layout.places(kind)) {
                let port = network.serverPort(for: kind)
                var flags = queueFlags(port) + network.flags(of: name, kind)
                flags += layout.flags + ["--drain-timeout", "20", "--lease-seconds", "\(layout.leaseSeconds)"]
                flags += ["--concurrency", "\(layout.concurrency)"]
                if kind == .dispatch {
                    let token = folder.appending(path: "\(name).token")
                    try Data(name.utf8).write(to: token)
                    flags += ["--gateway-token-file", token.path]
                }
                let process = StageProcess(
                    name, executable: try executables(kind.rawValue), arguments: flags,
                    environment: queueEnvironment(port), directory: folder)
                members[name] = Member(process: process)
            }
        }
    }

    /// Names of the processes that should run.
    package var running: [String] { members.filter(\.value.isWanted).keys.sorted() }

    package func running(_ kind: StageKind) -> [String] { running.filter(kind.owns) }

    package func start(_ names: [String]) async throws {
        for name in names {
            try await process(name).start()
            members[name]?.isWanted = true
        }
    }

    /// Ends processes at once, all at the same time; returns when all are gone.
    package func kill(_ names: [String]) async throws {
        for name in names { members[name]?.isWanted = false }
        let processes = try names.map(process)
        try await withThrowingDiscardingTaskGroup { group in
            for process in processes { group.addTask { try await process.signal(SIGKILL) } }
        }
    }

    /// Asks processes to end, and waits until they have.
    ///
    /// - Returns: what was wrong with how they ended.
    package func terminate(_ names: [String], within limit: Duration = .seconds(40)) async throws -> [String] {
        for name in names { members[name]?.isWanted = false }
        let processes = try names.map(process)
        return try await withThrowingTaskGroup(of: String?.self) { group in
            for process in processes {
                group.addTask {
                    try await process.signal(SIGTERM)
                    let status = try await process.exitStatus(within: limit)
                    return status == 0 ? nil : "\(process.name) ended with \(status) after SIGTERM"
                }
            }
            return try await group.reduce(into: []) { if let text = $1 { $0.append(text) } }
        }
    }

    package func freeze(_ names: [String]) async throws {
        for name in names { try await process(name).signal(SIGSTOP) }
    }

    package func thaw(_ names: [String]) async throws {
        for name in names { try await process(name).signal(SIGCONT) }
    }

    /// Starts again whatever has ended by itself, and says what that was.
    package func revive() async throws -> [String] {
        var ended: [String] = []
        for name in running where try await !process(name).isRunning {
            guard members[name]?.isWanted == true else { continue }
            ended.append(name)
            try await process(name).start()
        }
        return ended
    }

    package func processIdentifiers() async -> [String: Int32] {
        var identifiers: [String: Int32] = [:]
        for (name, member) in members where member.isWanted {
            identifiers[name] = await member.process.processIdentifier
        }
        return identifiers
    }

    /// Kills what still runs.
    package func end() async {
        for (name, member) in members {
            members[name]?.isWanted = false
            await member.process.end()
        }
        network.close()
    }

    private func process(_ name: String) throws -> StageProcess {
        guard let member = members[name] else { throw ProcessFailure("no process \(name)") }
        return member.process
    }
}
