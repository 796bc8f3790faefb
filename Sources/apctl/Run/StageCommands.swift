import Glibc

/// One stage as it is started.
struct StageCommand: Sendable, Equatable {
    var name: String
    var executable: String
    var arguments: [String]
    var environment: [String: String] = [:]
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
    var gateway: GatewayAccess
    var concurrency: Int
    /// Attempts after which a request is given up; `nil` for what the environment says.
    var maxAttempts: Int?
    /// Where dispatch publishes copies of the requests that pass.
    var tap: String?
    /// Of dispatch, on loopback; 0 for none.
    var statusPort: UInt16 = 0
    /// Variables that all stages get.
    var environment: [String: String] = [:]

    /// In the order in which they are started: a stage that waits for its peers waits shortest this way.
    func all() throws(RunError) -> [StageCommand] {
        var commands: [StageCommand] = []
        let token = try gateway.writtenToken(to: paths.token)
        // A URL may hold a password: it stands in no command line.
        let environment = environment.merging(["AP_SQLITE_INFERENCE_GATEWAY": gateway.address.url]) { $1 }
        for name in Self.names {
            let executable = "\(folder)/\(name)"
            guard access(executable, X_OK) == 0 else {
                throw RunError("there is no executable \(executable): name its folder with --stages")
            }
            commands.append(
                StageCommand(
                    name: name, executable: executable, arguments: common + own(name, token), environment: environment,
                    log: paths.log(of: name)))
        }
        return commands
    }

    private var common: [String] { ["--message-queue-impl", "sqlite", "--sqlite.path", paths.queue] }

    private func own(_ name: String, _ token: String?) -> [String] {
        switch name {
        case "ingest": ["--metrics-port", "0", "--dispatch", link("dispatch"), "--acks", link("ingest-acks")]
        case "dispatch":
            [
                "--metrics-port", "\(statusPort)", "--listen", link("dispatch"), "--retry", link("retry"),
                "--emit", link("emit"), "--acks", link("dispatch-acks"), "--concurrency", "\(concurrency)",
            ] + gateway.arguments(tokenFile: token) + (tap.map { ["--tap", $0] } ?? [])
        case "retry":
            [
                "--metrics-port", "0", "--listen", link("retry"), "--emit", link("emit"), "--acks", link("retry-acks"),
            ] + (maxAttempts.map { ["--max-attempts", "\($0)"] } ?? [])
        default: ["--metrics-port", "0", "--listen", link("emit")]
        }
    }

    private func link(_ name: String) -> String { "ipc://\(sockets)/\(name)" }
}
