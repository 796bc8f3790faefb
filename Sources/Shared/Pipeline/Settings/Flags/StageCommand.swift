import ArgumentParser

/// All flags of the family, as one stage sees them.
struct StageCommand<Kind: StageKind>: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: Kind.name.rawValue,
            abstract: Kind.name.abstract,
            usage: "\(Kind.name.rawValue) [options]",
            discussion: """
                Every flag has an environment variable: AP_ and its name in capitals, with . and - as _ \
                (AP_METRICS_PORT). A flag beats its variable, the variable beats the default. Flags of the other \
                stages are accepted and have no effect, so one list serves all; --help-hidden shows them.\
                \(numbersHelp)
                """,
            version: "\(Kind.name.rawValue) \(pipelineVersion)"
        )
    }

    /// For the stages that are told of queues.
    private static var numbersHelp: String {
        guard Kind.name == .ingest || Kind.name == .emit else { return "" }
        return """


            A number behind a flag that describes a queue adds a queue to the first: --redis.request-queue-name.2 \
            (AP_REDIS_REQUEST_QUEUE_NAME_2). What it is not told is taken from the flags without a number.
            """
    }

    @OptionGroup(title: "Links") var links: LinkFlags<Kind>
    @OptionGroup(title: "Ingest") var ingest: IngestFlags<Kind>
    @OptionGroup(title: "Dispatch") var dispatch: DispatchFlags<Kind>
    @OptionGroup(title: "Gates") var gates: GateFlags<Kind>
    @OptionGroup(title: "Retry") var retry: RetryFlags<Kind>
    @OptionGroup(title: "Emit") var emit: EmitFlags<Kind>
    @OptionGroup(title: "Queues") var queues: QueueFlags<Kind>
    @OptionGroup(title: "Redis") var redis: RedisFlags<Kind>
    @OptionGroup(title: "Pub/Sub") var pubsub: GooglePubSubFlags<Kind>
    @OptionGroup(title: "SQLite") var sqlite: SQLiteFlags<Kind>
    @OptionGroup(title: "Process") var common: CommonFlags<Kind>
}
