import ArgumentParser

/// Everything a stage was started with, read but not yet put together.
package struct Launch<Kind: StageKind> {
    let flags: StageCommand<Kind>
    let indexed: [IndexedName: String]
    let environment: [String: String]
    /// Flags, with their dashes, whose value comes from a variable.
    let variables: [String: String]
    /// What was found odd but goes.
    let warnings: [String]

    /// - Throws: `SettingsExit`; also for `--help` and `--version`.
    init(arguments: [String], environment: [String: String]) throws(SettingsExit) {
        let line: RewrittenArguments
        do { line = try RewrittenArguments(arguments) } catch { throw Self.exit(error) }
        let given = EnvironmentArguments(environment)
        do {
            flags = try Self.parse(given.plain.map(\.text) + line.plain)
        } catch {
            if given.plain.isEmpty { throw error }
            // Whose fault? Help and version need no good environment either.
            _ = try Self.parse(line.plain)
            for argument in given.plain { try Self.check(argument) }
            throw error
        }
        indexed = given.indexed.mapValues(\.value).merging(line.indexed) { _, typed in typed }
        self.environment = environment
        warnings = given.warnings
        var variables = Dictionary(
            given.plain.map { ("--\($0.flag)", $0.variable) }, uniquingKeysWith: { first, _ in first })
        for (name, source) in given.indexed where line.indexed[name] == nil { variables[name.text] = source.variable }
        for flag in variables.keys where line.plain.contains(where: { $0 == flag || $0.hasPrefix(flag + "=") }) {
            variables[flag] = nil
        }
        self.variables = variables
    }

    private static func parse(_ arguments: [String]) throws(SettingsExit) -> StageCommand<Kind> {
        do {
            guard let command = try StageCommand<Kind>.parseAsRoot(arguments) as? StageCommand<Kind> else {
                throw CleanExit.helpRequest(StageCommand<Kind>.self)
            }
            return command
        } catch {
            throw SettingsExit(
                text: StageCommand<Kind>.fullMessage(for: error), code: StageCommand<Kind>.exitCode(for: error).rawValue
            )
        }
    }

    private static func check(_ argument: EnvironmentArguments.Argument) throws(SettingsExit) {
        do {
            _ = try StageCommand<Kind>.parse([argument.text])
        } catch {
            throw Self.exit(SettingsError(argument.variable, StageCommand<Kind>.message(for: error)))
        }
    }

    /// How the program ends because of `error`, named after the variable if the value came from there.
    func exit(_ error: SettingsError) -> SettingsExit {
        guard let subject = error.subject, let variable = variables[subject] else { return Self.exit(error) }
        return Self.exit(SettingsError("\(variable) (\(subject))", error.reason))
    }

    private static func exit(_ error: SettingsError) -> SettingsExit {
        let name = Kind.name.rawValue
        return SettingsExit(
            text: "Error: \(error)\nUsage: \(name) [options]\n  See '\(name) --help' for more information.",
            code: ExitCode.validationFailure.rawValue)
    }
}
