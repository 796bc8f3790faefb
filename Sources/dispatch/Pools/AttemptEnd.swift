/// What a pool learns of an attempt that is over.
package struct AttemptEnd: Sendable, Equatable {
    package enum Outcome: Sendable, Equatable {
        /// The pool has worked on it, and this is what it was.
        case answered(Work)
        /// The gateway has no room now; perhaps it says for how long, seconds.
        ///
        /// `request`: another number for each request, the same for each attempt at it.
        case refused(request: Int, retryAfter: Double?)
        /// The gateway has held it until its time there was over.
        case expired
        /// The time for the attempt was over.
        case late
        /// It says nothing about room: refused for reasons of its own, not reached, broken off by others.
        case none
    }

    /// The size of an attempt, and what was measured.
    package struct Work: Sendable, Equatable {
        package enum Source: String, Sendable, CaseIterable {
            /// The engine has measured the time per token.
            case engine
            /// The answer has counted the tokens.
            case usage
            /// Tokens are guessed from bytes.
            case bytes
        }

        package var source: Source
        package var promptTokens: Double
        package var cachedTokens: Double
        package var completionTokens: Double
        /// Seconds between two tokens, as the engine has measured it.
        package var meanTokenTime: Double?
        /// Seconds for which the gateway or the engine let it wait.
        package var queueTime: Double?

        package init(
            source: Source, promptTokens: Double, cachedTokens: Double = 0, completionTokens: Double,
            meanTokenTime: Double? = nil, queueTime: Double? = nil
        ) {
            self.source = source
            self.promptTokens = promptTokens
            self.cachedTokens = cachedTokens
            self.completionTokens = completionTokens
            self.meanTokenTime = meanTokenTime
            self.queueTime = queueTime
        }

        /// How many steps the engine has made for it.
        ///
        /// - Parameter chunk: prompt tokens that go into one step.
        package func steps(chunk: Double) -> Double {
            completionTokens + max(0, promptTokens - cachedTokens) / chunk + 1
        }
    }

    /// When it was sent, seconds on a monotonic clock.
    package var sent: Double
    package var outcome: Outcome

    package init(sent: Double, outcome: Outcome) {
        self.sent = sent
        self.outcome = outcome
    }
}
