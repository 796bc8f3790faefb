import Foundation

/// What a stage is told, made from its command line and environment.
package protocol ParsedSettings: Sendable {
    associatedtype Kind: StageKind
    init(_ launch: Launch<Kind>) throws(SettingsError)
}

extension ParsedSettings {
    /// Reads command line and environment.
    ///
    /// - Parameters:
    ///   - arguments: Without the program's name.
    ///   - check: Looks at what only the program knows.
    /// - Throws: `SettingsExit` for help, version, and whatever makes no sense.
    package static func parse(
        arguments: [String], environment: [String: String] = [:], check: (Self) throws(SettingsError) -> Void = { _ in }
    ) throws(SettingsExit) -> Self {
        let launch = try Launch<Kind>(arguments: arguments, environment: environment)
        do {
            let settings = try Self(launch)
            try check(settings)
            return settings
        } catch {
            throw launch.exit(error)
        }
    }

    /// Reads this process's command line and environment; ends the process, with what `parse` has to say, if it throws.
    package static func parseOrExit(check: (Self) throws(SettingsError) -> Void = { _ in }) -> Self {
        do {
            return try parse(
                arguments: Array(CommandLine.arguments.dropFirst()),
                environment: ProcessInfo.processInfo.environment, check: check)
        } catch {
            let output = error.code == 0 ? FileHandle.standardOutput : FileHandle.standardError
            // Nobody may be there to read it.
            try? output.write(contentsOf: Data(error.text.utf8))
            exit(error.code)
        }
    }
}

extension IngestSettings: ParsedSettings { package typealias Kind = Ingest }
extension DispatchSettings: ParsedSettings { package typealias Kind = Dispatch }
extension RetrySettings: ParsedSettings { package typealias Kind = Retry }
extension EmitSettings: ParsedSettings { package typealias Kind = Emit }
