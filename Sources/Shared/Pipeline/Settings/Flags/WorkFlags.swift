import ArgumentParser
import Intake
import Messages
import RetryPolicy

/// What ingest does.
struct IngestFlags<Kind: StageKind>: ParsableArguments {
    @Option(
        help: Kind.help(
            "Which queue is next when several have requests.", "policy", byDefault: MergePolicy.names[0], of: .ingest))
    var requestMergePolicy: MergePolicy?

    @Option(
        help: Kind.help("The merge policy and its parameters: JSON of type and parameters.", "file", of: .ingest),
        completion: .file())
    var requestMergePolicyConfigFile: String?

    @Option(
        help: Kind.help(
            "Most requests in the pipeline; 0 for what the peers have room for.", "n", byDefault: 0, of: .ingest),
        transform: Checked.integer(0...Int.max))
    var maxInFlight = 0

    @Option(
        help: Kind.help(
            "Bytes of requests in the pipeline above which none are taken; each queue has a share.", "bytes",
            byDefault: 268_435_456, of: .ingest),
        transform: Checked.integer(1...Int.max))
    var maxOpenBytes = 268_435_456

    @Option(
        help: Kind.help("Largest payload of a request.", "bytes", byDefault: 67_108_864, of: .ingest),
        transform: Checked.integer(1...268_000_000))
    var maxPayloadBytes = 67_108_864

    @Option(
        help: Kind.help("Seconds of a lease; renewed after a third of it.", "seconds", byDefault: 30, of: .ingest),
        transform: Checked.seconds(moreThanZero: true))
    var leaseSeconds = Seconds(30)
}

/// What dispatch does.
struct DispatchFlags<Kind: StageKind>: ParsableArguments {
    @Option(
        help: Kind.help("Requests at the gateway at once.", "n", byDefault: 8, of: .dispatch),
        transform: Checked.integer(1...1_000_000))
    var concurrency = 8

    @Option(
        help: Kind.help("Longest an attempt may take.", "seconds", byDefault: 300, of: .dispatch),
        transform: Checked.seconds(moreThanZero: true))
    var requestTimeout = Seconds(300)

    @Option(
        help: Kind.help("Largest body of an answer.", "bytes", byDefault: 67_108_864, of: .dispatch),
        transform: Checked.integer(1...268_000_000))
    var maxResponseBytes = 67_108_864

    @Option(
        help: Kind.help("Authorities trusted besides the system's (PEM).", "file", of: .dispatch), completion: .file())
    var tlsCaCert: String?

    @Option(help: Kind.help("Our certificate (PEM).", "file", of: .dispatch), completion: .file())
    var tlsCert: String?

    @Option(help: Kind.help("The key of our certificate (PEM).", "file", of: .dispatch), completion: .file())
    var tlsKey: String?

    @Option(
        help: Kind.help("Talk to gateways whoever they are.", "bool", byDefault: false, of: .dispatch))
    var tlsInsecureSkipVerify: Switch?

    @Option(
        help: Kind.help("Bearer token for the gateway; read again when it changes.", "file", of: .dispatch),
        completion: .file())
    var gatewayTokenFile: String?

    @Option(
        help: Kind.help(
            "Proxy to the gateways: none, environment (HTTP_PROXY, NO_PROXY …) or its URL.", "proxy", of: .dispatch),
        transform: Checked.proxy)
    var gatewayProxy = "none"

    @Option(
        help: Kind.help("What 401 and 403 mean: tried again until the deadline, or a result.", "kind", of: .dispatch))
    var authFailures: AuthFailures = .hold

    @Option(
        help: Kind.help("Be ready only while a gateway answers.", "bool", byDefault: false, of: .dispatch))
    var requireGateway: Switch?

    @Option(
        help: Kind.help(
            "Fill what online users leave of a pool; off: --concurrency requests at once.", "on|off", byDefault: "on",
            of: .dispatch))
    var slack: Switch?

    @Option(
        help: Kind.help(
            "What a token may take, such as 25ms or 0.025.", "time", byDefault: "learned, times --slack-stretch",
            of: .dispatch),
        transform: Checked.latency)
    var tokenLatencyTarget: Seconds?

    @Option(
        help: Kind.help(
            "How many times longer a token may take than in an idle pool.", "factor", byDefault: 2, of: .dispatch),
        transform: Checked.number(1.05...100))
    var slackStretch = 2.0

    @Option(
        help: Kind.help(
            "The same while requests wait whose deadline is near; none: no longer than others.", "factor",
            of: .dispatch),
        transform: Checked.number(1.05...100))
    var urgentStretch: Double?

    @Option(
        help: Kind.help(
            "Ask engines to say how full they are (ORCA).", "bool", byDefault: false, of: .dispatch))
    var engineLoadHeader: Switch?
}

/// What retry does.
struct RetryFlags<Kind: StageKind>: ParsableArguments {
    @Option(help: Kind.help("How delays grow.", "kind", of: .retry))
    var backoff: RetryPolicy.Backoff = .exponential

    @Option(
        help: Kind.help("First delay, before it is doubled.", "seconds", byDefault: 2, of: .retry),
        transform: Checked.seconds(moreThanZero: true))
    var backoffBase = Seconds(2)

    @Option(
        help: Kind.help("Longest delay.", "seconds", byDefault: 60, of: .retry),
        transform: Checked.seconds(moreThanZero: true))
    var backoffMax = Seconds(60)

    @Option(
        help: Kind.help("Attempts after which a request is given up; 0 for no limit.", "n", byDefault: 0, of: .retry),
        transform: Checked.integer(0...Int.max))
    var maxAttempts = 0

    @Option(
        help: Kind.help(
            "Longest pause that a gateway may ask for with Retry-After.", "seconds", byDefault: 3600, of: .retry),
        transform: Checked.seconds(moreThanZero: false))
    var retryAfterMax = Seconds(3600)
}

/// What emit does.
struct EmitFlags<Kind: StageKind>: ParsableArguments {
    @Option(help: Kind.help("How an answer's body stands in a result.", "form", of: .emit))
    var resultPayload: ResultPayloadFormat = .text
}

extension AuthFailures: ExpressibleByArgument {}
extension MergePolicy: ExpressibleByArgument {
    package init?(argument: String) { self.init(named: argument) }

    package static var allValueStrings: [String] { names }
}

extension RetryPolicy.Backoff: ExpressibleByArgument {}
extension ResultPayloadFormat: ExpressibleByArgument {}
