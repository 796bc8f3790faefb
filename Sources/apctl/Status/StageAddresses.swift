import ArgumentParser
import Settings

/// The flags that say where stages answer.
struct StageAddresses: ParsableArguments {
    @Option(help: "Where an ingest answers. (default: 127.0.0.1:9091)") var ingest: [String] = []
    @Option(help: "Where a dispatch answers. (default: 127.0.0.1:9092)") var dispatch: [String] = []
    @Option(help: "Where a retry answers. (default: 127.0.0.1:9093)") var retry: [String] = []
    @Option(help: "Where an emit answers. (default: 127.0.0.1:9094)") var emit: [String] = []
    @Option(help: "How long to wait for each answer.") var timeout = TimeSpan(seconds: 2)

    func validate() throws { _ = try places }

    /// Whom to ask, in the order of a request's way.
    var places: [(stage: StageName, address: HTTPAddress)] {
        get throws {
            try StageName.allCases.flatMap { stage in
                let given = given(stage)
                let texts = given.isEmpty ? ["\(stage.metricsPort)"] : given
                return try texts.map { (stage, try Self.address($0, "--\(stage.rawValue)")) }
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

    private static func address(_ text: String, _ flag: String) throws -> HTTPAddress {
        let full = UInt16(text).map { "http://127.0.0.1:\($0)" } ?? (text.contains("://") ? text : "http://\(text)")
        guard let address = HTTPAddress(full), address.path == "/", address.port > 0 else {
            throw ValidationError("\(flag) \(text): expected HOST:PORT, http://HOST:PORT or PORT, without a path.")
        }
        return address
    }
}
