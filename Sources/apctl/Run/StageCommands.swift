import Glibc

/// One stage as it is started.
struct StageCommand: Sendable, Equatable {
    var name: String
    var executable: String
    var arguments: [String]
    var log: String
}

/// How the four stages are started: over ipc endpoints, on the embedded queue.
struct StageCommands {
    static let names = ["emit", "retry", "dispatch", "ingest"]
    /// The endpoint with the longest name.
    static let longestLink = "dispatch-acks"

    /// Folder of the executables.
    var folder: String
    /// Folder of the ipc endpoints.
    ///
    /// A path of a socket has 107 bytes at most.
    var sockets: String
    var paths: RunPaths
    /// Full URL.
    var gateway: String
    var concurrency: Int

    /// In the order in which they are started: a stage that waits for its peers waits shortest this way.
    func all() throws(RunError) -> [StageCommand] {
        var commands: [StageCommand] = []
        for name in Self.names {
            let executable = "\(folder)/\(name)"
            guard access(executable, X_OK) == 0 else {
                throw RunError("there is no executable \(executable): name its folder with --stages")
            }
            commands.append(
                StageCommand(
                    name: name, executable: executable, arguments: common + own(name), log: paths.log(of: name)))
        }
        return commands
    }

    private var common: [String] {
        [
            "--message-queue-impl", "sqlite", "--sqlite.path", paths.queue, "--sqlite.inference-gateway", gateway,
            "--metrics-port", "0",
        ]
    }

    private func own(_ name: String) -> [String] {
        switch name {
        case "ingest": ["--dispatch", link("dispatch"), "--acks", link("ingest-acks")]
        case "dispatch":
            [
                "--listen", link("dispatch"), "--retry", link("retry"), "--emit", link("emit"),
                "--acks", link("dispatch-acks"), "--concurrency", "\(concurrency)",
            ]
        case "retry": ["--listen", link("retry"), "--emit", link("emit"), "--acks", link("retry-acks")]
        default: ["--listen", link("emit")]
        }
    }

    private func link(_ name: String) -> String { "ipc://\(sockets)/\(name)" }
}
