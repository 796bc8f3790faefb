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

    @OptionGroup var stages: StageAddresses
    @Flag(help: "Print what the stages say as one JSON object.") var json = false

    func run() throws {
        let reports = try stages.each { StageReport.ask($0, at: $1, timeout: $2) }
        if json {
            Console.out(StageReport.document(reports))
        } else {
            Console.out(reports.map(\.text).joined() + StageReport.summary(reports))
        }
        if !reports.allSatisfy(\.isReady) { throw ExitCode.failure }
    }
}
