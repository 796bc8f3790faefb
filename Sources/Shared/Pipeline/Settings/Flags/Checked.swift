import ArgumentParser
import Logging
import Messages

/// Readers of single values; what they throw becomes part of the message that names the flag.
enum Checked {
    static func integer(_ range: ClosedRange<Int>) -> @Sendable (String) throws -> Int {
        { text in
            guard let number = Int(text), text.first != "+" else { throw ValidationError("expected a whole number") }
            guard range.contains(number) else {
                throw ValidationError(
                    range.upperBound == .max
                        ? "must be at least \(range.lowerBound)"
                        : "must be from \(range.lowerBound) to \(range.upperBound)")
            }
            return number
        }
    }

    /// Seconds, possibly with a fraction; at most about thirty years.
    static func seconds(moreThanZero: Bool) -> @Sendable (String) throws -> Seconds {
        { text in
            guard let number = Double(text), number.isFinite else {
                throw ValidationError("expected a number of seconds")
            }
            guard number <= 1e9 else { throw ValidationError("must be at most 1000000000") }
            guard number >= 0, number > 0 || !moreThanZero else {
                throw ValidationError(moreThanZero ? "must be more than 0" : "must not be negative")
            }
            return Seconds(number)
        }
    }

    static func number(_ range: ClosedRange<Double>) -> @Sendable (String) throws -> Double {
        { text in
            guard let number = Double(text), range.contains(number) else {
                throw ValidationError("expected a number from \(range.lowerBound) to \(range.upperBound)")
            }
            return number
        }
    }

    /// Seconds, or milliseconds with `ms` behind them; at most a minute.
    @Sendable
    static func latency(_ text: String) throws -> Seconds {
        let isMilliseconds = text.hasSuffix("ms")
        let digits = isMilliseconds ? text.dropLast(2) : text.hasSuffix("s") ? text.dropLast() : text[...]
        guard let number = Double(digits), number > 0, number.isFinite else {
            throw ValidationError("expected a time such as 25ms or 0.025")
        }
        let seconds = isMilliseconds ? number / 1000 : number
        guard seconds <= 60 else { throw ValidationError("must be at most 60 s") }
        return Seconds(seconds)
    }

    /// `none`, `environment`, or the URL of a proxy.
    @Sendable
    static func proxy(_ text: String) throws -> String {
        if text == "none" || text == "environment" { return text }
        let schemes = ["http://", "https://", "socks4://", "socks4a://", "socks5://", "socks5h://"]
        guard let scheme = schemes.first(where: text.hasPrefix), text.utf8.count > scheme.utf8.count,
            text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else { throw ValidationError("expected none, environment, or a URL that begins with http:// or socks5h://") }
        return text
    }

    /// An endpoint of our own: wildcards and port 0 make sense.
    @Sendable
    static func listening(_ text: String) throws -> Endpoint {
        let endpoint = try Endpoint(text)
        if case .tcp("localhost", let port) = endpoint { return .tcp(host: "127.0.0.1", port: port) }
        return endpoint
    }

    /// An endpoint of somebody else.
    @Sendable
    static func peer(_ text: String) throws -> Endpoint {
        let endpoint = try Endpoint(text)
        if endpoint.isWildcard { throw ValidationError("a wildcard names no peer") }
        if case .tcp(_, 0) = endpoint { throw ValidationError("expected a port from 1 to 65535 after the host") }
        return endpoint
    }

    @Sendable
    static func peers(_ text: String) throws -> EndpointList {
        let list = try text.split(separator: ",", omittingEmptySubsequences: false).map { try peer(String($0)) }
        guard Set(list).count == list.count else { throw ValidationError("names an endpoint twice") }
        return EndpointList(list)
    }

    @Sendable
    static func host(_ text: String) throws -> String {
        let isBareAddress6 = text.contains(":") && !text.hasPrefix("[")
        return try Endpoint.hostName(isBareAddress6 ? "[\(text)]" : text[...])
    }

    /// `HOST:PORT` or `HOST`.
    @Sendable
    static func hostAndPort(_ text: String) throws -> String {
        guard let endpoint = try? Endpoint("tcp://\(text)") else {
            _ = try host(text)
            return text
        }
        if case .tcp(_, 0) = endpoint { throw ValidationError("expected a port from 1 to 65535 after the host") }
        return text
    }

    static let logLevels = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")

    @Sendable
    static func logLevel(_ text: String) throws -> Logger.Level {
        guard let level = Logger.Level(rawValue: text.lowercased()) else {
            throw ValidationError("expected one of \(logLevels)")
        }
        return level
    }

    /// What log lines and the links' frames carry as it is.
    @Sendable
    static func pipeline(_ text: String) throws -> String {
        guard PipelineName.isValid(text) else {
            throw ValidationError("expected 1 to 63 letters, digits, points, dashes and underscores")
        }
        return text
    }

    @Sendable
    static func name(_ text: String) throws -> String {
        if text.isEmpty { throw ValidationError("must not be empty") }
        return text
    }
}

/// A time as flags give it.
struct Seconds: Sendable, Equatable, CustomStringConvertible {
    let value: Double

    init(_ value: Double) { self.value = value }

    var duration: Duration { .seconds(value) }
    var description: String { Int(exactly: value).map(String.init) ?? "\(value)" }
}

/// Endpoints in one value, separated by commas.
struct EndpointList: Sendable, Equatable, CustomStringConvertible {
    let endpoints: [Endpoint]

    init(_ endpoints: [Endpoint]) { self.endpoints = endpoints }

    var description: String { endpoints.map(\.description).joined(separator: ",") }
}

/// Yes or no, in any of the ways that Go's flags take.
struct Switch: ExpressibleByArgument, Sendable, Equatable {
    let isOn: Bool

    init(_ isOn: Bool) { self.isOn = isOn }

    init?(argument: String) {
        switch argument.lowercased() {
        case "true", "t", "1", "yes", "on": isOn = true
        case "false", "f", "0", "no", "off": isOn = false
        default: return nil
        }
    }

}
