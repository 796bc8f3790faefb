import ArgumentParser
import Glibc
import Loop
import Settings

@main
struct ApctlMain {
    static func main() async {
        ProcessShield.raise()
        if let problem = CommandNames.problem(Array(CommandLine.arguments.dropFirst()), in: Apctl.self) {
            Console.error(problem)
            exit(ExitCode.validationFailure.rawValue)
        }
        await Apctl.main()
        if Console.hasLostOutput { exit(ExitCode.failure.rawValue) }
    }
}

struct Apctl: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apctl",
        abstract: "Run and look after an Async Processor.",
        version: "apctl \(pipelineVersion)",
        subcommands: [
            RunCommand.self, DeadLettersCommand.self, GatewaySimCommand.self, HealthCommand.self,
            StatusCommand.self, TapCommand.self, TopCommand.self, UICommand.self, WhereCommand.self,
            StageProcessCommand.self,
        ]
    )
}
