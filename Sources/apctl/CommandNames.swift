import ArgumentParser
import Settings

/// Finds misspelt names of commands: argument-parser would only say that an argument is unexpected.
enum CommandNames {
    /// What is wrong with the first arguments, for people; `nil` when they name commands, or begin with a flag.
    static func problem(_ arguments: [String], in root: any ParsableCommand.Type) -> String? {
        var command = root
        var path = names(of: root).prefix(1)
        for argument in arguments {
            let configuration = command.configuration
            let others = configuration.subcommands
            guard !others.isEmpty, configuration.defaultSubcommand == nil, !argument.hasPrefix("-"), argument != "help"
            else { return nil }
            guard let next = others.first(where: { names(of: $0).contains(argument) }) else {
                let known = others.filter { $0.configuration.shouldDisplay }.flatMap { names(of: $0) }
                return text(argument, known, path.joined(separator: " "))
            }
            command = next
            path.append(argument)
        }
        return nil
    }

    private static func text(_ argument: String, _ names: [String], _ command: String) -> String {
        let nearest = NearestName.of(argument, among: names).map { ". Did you mean '\($0)'?" } ?? "."
        return """
            Error: \(command) has no command '\(argument)'\(nearest)
            Usage: \(command) <command>: \(names.joined(separator: ", "))
              See '\(command) --help' for more information.

            """
    }

    private static func names(of command: any ParsableCommand.Type) -> [String] {
        [command._commandName] + command.configuration.aliases
    }
}
