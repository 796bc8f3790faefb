package import GateRules
package import Loop

/// How gates ask their sources.
package struct GateOptions: Sendable {
    /// `--prometheus-url`; `nil` where there is none.
    package var prometheusURL: String?
    /// How long a reading counts before the source is asked again.
    package var interval: Duration
    /// How long a source may take to answer.
    package var timeout: Duration
    /// How long a place in a quota is held after its holder was last heard of.
    package var slotLife: Duration

    /// - Parameter cacheTime: `--prometheus-cache-ttl`; 0, which is once for every request in llm-d-async, is once a second.
    package init(
        prometheusURL: String? = nil, cacheTime: Duration = .seconds(5), slotLife: Duration = .seconds(30)
    ) {
        self.prometheusURL = prometheusURL
        self.interval = cacheTime <= .zero ? .seconds(1) : max(.milliseconds(20), cacheTime)
        self.timeout = min(.seconds(5), max(.seconds(1), interval))
        self.slotLife = slotLife
    }
}

/// What gates ask of the stage they belong to.
@PipelineActor
package struct GateHost: Sendable {
    /// Requests of that pool or queue that are in flight in this process.
    package var inFlight: @PipelineActor (GateOwner) -> Int
    /// The most that this process would have in flight for it.
    package var slots: @PipelineActor (GateOwner) -> Int
    /// How many processes read the same sources and act on them, this one included.
    package var processes: @PipelineActor (GateOwner) -> Int
    /// Something has changed: there may be room now.
    package var changed: @PipelineActor (GateOwner) -> Void

    package init(
        inFlight: @escaping @PipelineActor (GateOwner) -> Int, slots: @escaping @PipelineActor (GateOwner) -> Int,
        processes: @escaping @PipelineActor (GateOwner) -> Int = { _ in 1 },
        changed: @escaping @PipelineActor (GateOwner) -> Void = { _ in }
    ) {
        self.inFlight = inFlight
        self.slots = slots
        self.processes = processes
        self.changed = changed
    }
}
