import ArgumentParser
import Logging

/// The flags every stage has a use for.
struct CommonFlags<Kind: StageKind>: ParsableArguments {
    @Option(
        help: Kind.help(
            "Name of the pipeline; stages of another refuse each other.", "name", byDefault: "default"),
        transform: Checked.pipeline)
    var pipeline = "default"

    @Option(
        help: Kind.help(
            "Host part of the defaults of --listen, --acks and --metrics-host.", "host", byDefault: "127.0.0.1"),
        transform: Checked.host)
    var bindHost = "127.0.0.1"

    @Option(help: Kind.help("Host of the status endpoints.", "host", byDefault: "--bind-host"), transform: Checked.host)
    var metricsHost: String?

    @Option(
        help: Kind.help("Port of the status endpoints; 0 for none.", "port", byDefault: Kind.name.metricsPort),
        transform: Checked.integer(0...65_535))
    var metricsPort: Int?

    @Option(help: Kind.help("Publish a copy of every envelope here.", "endpoint"), transform: Checked.listening)
    var tap: Endpoint?

    @Option(help: Kind.help("Leave the payloads in those copies.", "bool", byDefault: false))
    var tapPayloads: Switch?

    @Option(
        help: Kind.help(
            "Seconds to finish the work after SIGTERM.", "seconds", byDefault: "--request-timeout + 30"),
        transform: Checked.seconds(moreThanZero: false))
    var drainTimeout: Seconds?

    @Option(
        help: Kind.help(
            "/healthz fails when nothing known keeps the requests here and none has moved for so many seconds; 0: never.",
            "seconds", byDefault: 0),
        transform: Checked.seconds(moreThanZero: false))
    var stuckAfter: Seconds?

    @Option(
        help: Kind.help(
            "Bytes finished but not settled above which nothing new is taken.", "bytes", byDefault: 268_435_456),
        transform: Checked.integer(1...Int.max))
    var maxUnackedBytes = 268_435_456

    @Option(
        help: Kind.help("Lowest level that is logged: \(Checked.logLevels).", "level", byDefault: "info"),
        transform: Checked.logLevel)
    var logLevel: Logger.Level = .info

    @Option(help: Kind.help("How log lines look.", "format"))
    var logFormat: LogFormat = .text
}

extension LogFormat: ExpressibleByArgument {}
