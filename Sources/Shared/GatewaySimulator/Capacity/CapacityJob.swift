/// One request on the simulated replicas, and when what happened to it; times are seconds since the start.
struct CapacityJob: Sendable, Equatable {
    /// Names it among all of one run.
    let id: Int
    /// Whether a simulated user sent it; it came over HTTP otherwise.
    let isOnline: Bool
    /// Whether its objective is one of `CapacitySettings.sheddable`.
    let isSheddable: Bool
    let promptTokens: Int
    /// Tokens of its answer, 1 or more.
    let outputTokens: Int
    let sent: Double
    /// When the gateway passed it on to a replica.
    var placed = 0.0
    /// Which replica that was.
    var replica = 0
    /// When it left the queue of its replica.
    var started = 0.0
    /// When its first token was there.
    var first = 0.0
    /// When its last token was there.
    var ended = 0.0

    init(id: Int, isOnline: Bool, isSheddable: Bool, promptTokens: Int, outputTokens: Int, sent: Double) {
        self.id = id
        self.isOnline = isOnline
        self.isSheddable = isSheddable
        self.promptTokens = promptTokens
        self.outputTokens = max(1, outputTokens)
        self.sent = sent
    }

    /// How long the gateway held it back.
    var held: Double { placed - sent }
    /// How long it waited on its replica for a place.
    var queued: Double { started - placed }
    /// From sending to the first token, as whoever sent it has it.
    var timeToFirstToken: Double { first - sent }
    /// Mean time between two tokens; `nil` when there is only one.
    var timePerToken: Double? { outputTokens > 1 ? (ended - first) / Double(outputTokens - 1) : nil }
}
