import ArgumentParser

@main
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
