import ArgumentParser

/// Who is where on the links.
struct LinkFlags<Kind: StageKind>: ParsableArguments {
    @Option(
        help: Kind.help(
            "Where envelopes arrive.", "endpoint", byDefault: Endpoint.loopback(Kind.name.listenPort),
            of: .dispatch, .retry, .emit),
        transform: Checked.listening)
    var listen: Endpoint?

    @Option(
        help: Kind.help("The dispatch stages.", "endpoint,…", byDefault: Endpoint.loopback(5557), of: .ingest),
        transform: Checked.peers)
    var dispatch = EndpointList([.loopback(5557)])

    @Option(
        help: Kind.help("The retry stages.", "endpoint,…", byDefault: Endpoint.loopback(5558), of: .dispatch),
        transform: Checked.peers)
    var retry = EndpointList([.loopback(5558)])

    @Option(
        help: Kind.help("The emit stages.", "endpoint,…", byDefault: Endpoint.loopback(5559), of: .dispatch, .retry),
        transform: Checked.peers)
    var emit = EndpointList([.loopback(5559)])

    @Option(
        help: Kind.help(
            "Where reports arrive.", "endpoint", byDefault: Endpoint.loopback(Kind.name.acksPort),
            of: .ingest, .dispatch, .retry),
        transform: Checked.listening)
    var acks: Endpoint?

    @Option(
        help: Kind.help(
            "Where others send those reports.", "endpoint", byDefault: "the address bound",
            of: .ingest, .dispatch, .retry),
        transform: Checked.peer)
    var acksAdvertise: Endpoint?

    @Option(
        help: Kind.help(
            "Expired leases or lost processes above which a request is a dead letter.", "n", byDefault: 5,
            of: .ingest, .dispatch, .retry),
        transform: Checked.integer(1...1_000_000))
    var maxDeliveries = 5
}

extension Endpoint {
    static func loopback(_ port: Int) -> Endpoint { .tcp(host: "127.0.0.1", port: port) }

    /// `nil` without a port.
    static func loopback(_ port: Int?) -> Endpoint? { port.map { loopback($0) } }
}
