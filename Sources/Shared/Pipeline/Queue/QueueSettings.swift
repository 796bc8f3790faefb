package import GateRules
package import Messages

/// One request queue and where its requests go; made from flags or from the queues file.
package struct QueueSettings: Sendable, Equatable {
    /// Name for metrics and for the envelope; the queue's own name unless the file gives an `id`.
    package var id: String
    /// The channel, sorted set or subscription; for `sqlite` the value of `requests.queue`.
    package var name: String
    /// Where retries are parked; only Redis uses it.
    package var retryQueue: String
    /// Where results go when the settings name a place for this queue; wins over what a message asks for.
    package var resultDestination: String?
    /// Where results go when neither the queue's settings nor the message say.
    package var defaultResultDestination: String
    package var target: GatewayTarget { didSet { url = try? target.resolve(endpoint: nil) } }
    /// Where requests go that name no endpoint; `nil` while the target makes no sense.
    package private(set) var url: String?
    /// Value of `x-gateway-inference-objective`; empty for none.
    package var objective: String
    /// Requests of one pool share engines; empty: those for one model at one gateway do.
    package var pool: String
    /// What else the settings say of the queue, such as its tier.
    package var labels: [String: String]
    /// What may be leased of it, and what becomes of each request.
    package var gate: GateSettings

    package init(
        id: String, name: String, retryQueue: String = "retry-sortedset", resultDestination: String? = nil,
        defaultResultDestination: String = "", target: GatewayTarget, objective: String = "",
        pool: String = "", labels: [String: String] = [:], gate: GateSettings = .constant
    ) {
        self.id = id
        self.name = name
        self.retryQueue = retryQueue
        self.resultDestination = resultDestination
        self.defaultResultDestination = defaultResultDestination
        self.target = target
        url = try? target.resolve(endpoint: nil)
        self.objective = objective
        self.pool = pool
        self.labels = labels
        self.gate = gate
    }
}
