import ArgumentParser
import Foundation
package import GateRules

/// Pools, and what their gates ask.
struct GateFlags<Kind: StageKind>: ParsableArguments {
    @Option(
        help: Kind.help(
            "Pools and their gates: a JSON list of id, workers, gate_type and gate_params.", "file",
            of: .dispatch),
        completion: .file())
    var poolConfigFile: String?

    @Option(
        name: .customLong("prometheus-url"),
        help: Kind.help("Prometheus that gates ask.", "url", of: .ingest, .dispatch), transform: Self.serverURL)
    var prometheusURL: String?

    @Option(
        name: .customLong("prometheus-cache-ttl"),
        help: Kind.help(
            "How long what gates have read counts; 0 for a second.", "seconds", byDefault: 5, of: .ingest, .dispatch),
        transform: Self.time)
    var cacheTime = Seconds(5)

    /// How long a reading counts.
    var prometheusCacheTime: Duration { cacheTime.duration }

    /// The pools of the file; `nil` without one.
    ///
    /// - Throws: what is wrong with the file, with its entry and parameter.
    func pools() throws(SettingsError) -> [PoolSettings]? {
        let flag = "--pool-config-file"
        guard let (path, data) = try contents(of: poolConfigFile, flag) else { return nil }
        do throws(GateSettingsError) {
            return try PoolSettings.read(
                Array(data)[...], file: "\(flag): \(path)", hasPrometheus: prometheusURL != nil)
        } catch {
            throw SettingsError(error)
        }
    }

    /// Seconds, or a duration as Go writes it.
    @Sendable
    private static func time(_ text: String) throws -> Seconds {
        guard let duration = GoDuration.read(text) else {
            guard Double(text) != nil else {
                throw ValidationError("expected a number of seconds, or a duration such as 5s")
            }
            return try Checked.seconds(moreThanZero: false)(text)
        }
        guard duration >= .zero, duration <= .seconds(1e9) else { throw ValidationError("must not be negative") }
        return Seconds(duration / .seconds(1))
    }

    @Sendable
    private static func serverURL(_ text: String) throws -> String {
        let scheme = ["http://", "https://"].first { text.lowercased().hasPrefix($0) }
        guard let scheme, text.utf8.count > scheme.utf8.count, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }),
            !text.utf8.contains(where: { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") })
        else { throw ValidationError("expected a URL that begins with http:// or https://, without a query") }
        return text
    }
}

extension SettingsError {
    package init(_ error: GateSettingsError) { self.init(error.subject, error.reason) }
}
