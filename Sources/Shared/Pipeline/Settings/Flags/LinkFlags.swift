import ArgumentParser

/// Who is where on the links.
struct LinkFlags<Kind: StageKind>: ParsableArguments {
    @Option(
        help: Kind.help(
            "Where envelopes arrive (default: tcp://127.0.0.1:\(Kind.name.listenPort ?? 0)).", "endpoint",
            of: .dispatch, .retry, .emit),
        transform: Checked.listening)
    var listen: Endpoint?

    @Option(help: Kind.help("The dispatch stages.", "endpoint,…", of: .ingest), transform: Checked.peers)
    var dispatch = EndpointList([.tcp(host: "127.0.0.1", port: 5557)])

    @Option(help: Kind.help("The retry stages.", "endpoint,…", of: .dispatch), transform: Checked.peers)
    var retry = EndpointList([.tcp(host: "127.0.0.1", port: 5558)])

    @Option(help: Kind.help("The emit stages.", "endpoint,…", of: .dispatch, .retry), transform: Checked.peers)
    var emit = EndpointList([.tcp(host: "127.0.0.1", port: 5559)])

    @Option(
        help: Kind.help(
            "Where reports arrive (default: tcp://127.0.0.1:\(Kind.name.acksPort ?? 0)).", "endpoint",
            of: .ingest, .dispatch, .retry),
        transform: Checked.listening)
    var acks: Endpoint?

    @Option(
        help: Kind.help(
            "Where others send those reports (default: the address bound).", "endpoint",
            of: .ingest, .dispatch, .retry),
        transform: Checked.peer)
    var acksAdvertise: Endpoint?

    @Option(
        help: Kind.help(
            "Expired leases or lost processes above which a request is a dead letter.", "n",
            of: .ingest, .dispatch, .retry),
        transform: Checked.integer(1...1_000_000))
    var maxDeliveries = 5
}
