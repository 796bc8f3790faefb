/// What makes no sense in the settings of a gate.
package struct GateSettingsError: Error, Sendable, Equatable, CustomStringConvertible {
    /// File, entry and parameter, such as `pools.json: [1] (batch).gate_params.limit`.
    package let subject: String
    /// What is wrong with it, and what would be right.
    package let reason: String

    package init(_ subject: String, _ reason: String) {
        self.subject = subject
        self.reason = reason
    }

    package var description: String { "\(subject): \(reason)" }
}
