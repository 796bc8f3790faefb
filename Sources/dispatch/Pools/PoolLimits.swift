/// How the limit of a pool is found.
package struct PoolLimits: Sendable, Equatable {
    /// Whether the limit follows the time per token; otherwise it is `concurrency`, less what the gateway refuses.
    package var isAdaptive: Bool
    /// The most attempts at once.
    package var concurrency: Int
    /// Seconds per token; `nil`: the learned base times `stretch`.
    package var target: Double?
    package var stretch: Double
    /// The same where all that waits is urgent; `nil`: urgency changes nothing.
    package var urgentStretch: Double?
    /// Prompt tokens that an engine takes into one step.
    package var chunk: Double

    package init(
        isAdaptive: Bool = true, concurrency: Int = 8, target: Double? = nil, stretch: Double = 2,
        urgentStretch: Double? = nil, chunk: Double = 2048
    ) {
        self.isAdaptive = isAdaptive
        self.concurrency = concurrency
        self.target = target
        self.stretch = stretch
        self.urgentStretch = urgentStretch
        self.chunk = chunk
    }
}
