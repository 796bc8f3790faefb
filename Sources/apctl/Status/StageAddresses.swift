import ArgumentParser
import Settings

/// The flags that say where stages answer.
struct StageAddresses: ParsableArguments {
    @Option(help: "Where an ingest answers. (default: 127.0.0.1:9091)") var ingest: [String] = []
    @Option(help: "Where a dispatch answers. (default: 127.0.0.1:9092)") var dispatch: [String] = []
    @Option(help: "Where a retry answers. (default: 127.0.0.1:9093)") var retry: [String] = []
    @Option(help: "Where an emit answers. (default: 127.0.0.1:9094)") var emit: [String] = []
    @Option(
        name: .customLong("stages"),
        help: "Several of these at once: dispatch=d1:9092,dispatch=d2:9092,emit=e:9094; may be repeated.")
    var lists: [String] = []
    @Option(help: "How long to wait for each answer.") var timeout = TimeSpan(seconds: 2)

    func validate() throws { _ = try places }

    /// Whom to ask, in the order of a request's way.
    var places: [(stage: StageName, address: HTTPAddress)] {
        get throws {
            let listed = try lists.flatMap(Self.entries)
            return try StageName.allCases.flatMap { stage in
                let given = try given(stage).map { try Self.address($0, "--\(stage.rawValue)") }
                let found = given + listed.filter { $0.stage == stage }.map(\.address)
                return try (found.isEmpty ? [Self.address("\(stage.metricsPort)", "")] : found).map { (stage, $0) }
            }
        }
    }

    /// Asks all of them, all machines of each name.
    func each<Answer>(_ ask: (StageName, HTTPAddress, Duration) -> Answer) throws -> [Answer] {
        try places.flatMap { stage, address in address.onEachMachine.map { ask(stage, $0, timeout.duration) } }
    }

    private func given(_ stage: StageName) -> [String] {
        switch stage {
        case .ingest: ingest
        case .dispatch: dispatch
        case .retry: retry
        case .emit: emit
        }
    }

    /// Reads `stage=address`, several with commas.
    private static func entries(_ list: String) throws -> [(stage: StageName, address: HTTPAddress)] {
        try list.split(separator: ",", omittingEmptySubsequences: false).map { entry in
            let parts = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2, let stage = StageName(rawValue: parts[0]) else {
                throw ValidationError(
                    "--stages \(list): expected STAGE=HOST:PORT, where STAGE is ingest, dispatch, retry or emit.")
            }
            return (stage, try address(parts[1], "--stages \(stage.rawValue)="))
        }
    }

    private static func address(_ text: String, _ flag: String) throws -> HTTPAddress {
        let full = UInt16(text).map { "http://127.0.0.1:\($0)" } ?? (text.contains("://") ? text : "http://\(text)")
        guard let address = HTTPAddress(full), address.path == "/", address.port > 0 else {
            let given = flag.hasSuffix("=") ? flag + text : "\(flag) \(text)"
            throw ValidationError("\(given): expected HOST:PORT, http://HOST:PORT or PORT, without a path.")
        }
        return address
    }
}
