import ArgumentParser
import Settings

struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "How all stages are: which are there, which are ready, and why nothing moves.",
        usage: "apctl status [--ingest ADDRESS] [--dispatch ADDRESS] [--retry ADDRESS] [--emit ADDRESS] [--json]",
        discussion: """
            Asks the status endpoints of each stage, on this machine unless told otherwise. An address is HOST:PORT, \
            http://HOST:PORT, or a PORT of this machine. A flag may be repeated, and all addresses of a name are \
            asked: a stage runs as often as you like.

            Exit status: 0 when all of them are ready, 1 when one is not or does not answer, 64 for wrong usage.
            """
    )

    @Option(help: "Where an ingest answers. (default: 127.0.0.1:9091)") var ingest: [String] = []
    @Option(help: "Where a dispatch answers. (default: 127.0.0.1:9092)") var dispatch: [String] = []
    @Option(help: "Where a retry answers. (default: 127.0.0.1:9093)") var retry: [String] = []
    @Option(help: "Where an emit answers. (default: 127.0.0.1:9094)") var emit: [String] = []
    @Option(help: "How long to wait for each answer.") var timeout = TimeSpan(seconds: 2)
    @Flag(help: "Print what the stages say as one JSON object.") var json = false

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

    func run() throws {
        let reports = try places.flatMap { stage, address in
            address.onEachMachine.map { StageReport.ask(stage, at: $0, timeout: timeout.duration) }
        }
        if json {
            Console.out(StageReport.document(reports))
        } else {
            Console.out(reports.map(\.text).joined() + StageReport.summary(reports))
        }
        if !reports.allSatisfy(\.isReady) { throw ExitCode.failure }
    }
}
