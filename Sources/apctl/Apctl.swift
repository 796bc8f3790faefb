import ArgumentParser
import Loop

@main
struct ApctlMain {
    static func main() async {
        ProcessShield.raise()
        await Apctl.main()
    }
}

struct Apctl: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apctl",
        abstract: "Run and look after an Async Processor.",
        subcommands: [
            RunCommand.self, DeadLettersCommand.self, GatewaySimCommand.self, HealthCommand.self,
            TapCommand.self, StageProcessCommand.self,
        ]
    )
}
