package import Messages

/// Decides which traces are recorded.
package struct TraceSampler: Sendable, Equatable {
    /// Where a request comes with a trace, what its caller has decided counts.
    package var followsParent: Bool
    /// The part that is recorded of all others, 0 to 1.
    package var ratio: Double

    package init(followsParent: Bool, ratio: Double) {
        self.followsParent = followsParent
        self.ratio = ratio
    }

    /// Whether a trace is recorded; every process that is told the same decides the same.
    ///
    /// By the last eight bytes of its name, as OpenTelemetry's own samplers do.
    package func records(_ trace: TraceID, parent: TraceContext?) -> Bool {
        if followsParent, let parent { return parent.isSampled }
        if ratio >= 1 { return true }
        return trace.low >> 1 < UInt64(max(0, ratio) * 0x1p63)
    }

    /// Nothing is ever recorded.
    package var recordsNothing: Bool { !followsParent && ratio <= 0 }
}

extension TraceSampler: CustomStringConvertible {
    package var description: String {
        followsParent ? "what the caller decides; \(ratio) of all others" : "\(ratio) of all"
    }
}
