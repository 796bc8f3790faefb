/// How a process identifies itself on a link: in each hello, and in the answer to one.
package struct Introduction: Sendable, Equatable {
    /// Name of the pipeline it belongs to.
    package var pipeline: String
    /// Such as `dispatch`.
    package var stage: String
    /// Release of the program; for people.
    package var release: String
    /// In a hello: the stage it is meant for; a dispatch may send to an emit, but not a hello that is meant for a
    /// retry.
    package var seeks = ""
    /// Version of the frames it writes: of a frame of another version only this can be read.
    package var version: UInt8

    package init(pipeline: String, stage: String, release: String, version: UInt8, seeks: String = "") {
        self.pipeline = pipeline
        self.stage = stage
        self.release = release
        self.version = version
        self.seeks = seeks
    }

    /// Such as `a retry of pipeline default`.
    package var text: String {
        stage.isEmpty ? "a process that does not say what it is" : "\(Self.withArticle(stage)) of pipeline \(pipeline)"
    }

    /// Such as `an emit`.
    static func withArticle(_ stage: String) -> String {
        let first = stage.utf8.first ?? 0
        return "aeiou".utf8.contains(first) ? "an \(stage)" : "a \(stage)"
    }
}

/// Which processes may be at the other end of a link; both ends check.
package struct LinkWiring: Sendable, Equatable {
    package let own: Introduction
    /// The stages that belong at the other end.
    package let stages: [String]

    package init(own: Introduction, stages: [String]) {
        self.own = own
        self.stages = stages
    }

    /// Whether a process belongs at the other end.
    ///
    /// A process that does not identify itself is of an earlier release, and is accepted: it speaks the same version,
    /// and a pipeline must not stop while it is being updated.
    package func fits(_ other: Introduction?) -> Bool {
        guard let other else { return true }
        return other.version == own.version && other.pipeline == own.pipeline && stages.contains(other.stage)
            && (other.seeks.isEmpty || other.seeks == own.stage)
    }

    /// The problem with the process that answers at an address.
    package func misfit(_ other: Introduction, at address: String) -> String {
        "the process at \(address) is \(verdict(other)); this \(ownText) sends it nothing"
    }

    /// The problem with a sender that takes its reports at an address.
    package func misfit(_ other: Introduction, reportingTo address: String) -> String {
        "a sender with reports to \(address) is \(verdict(other)); this \(ownText) takes nothing from it"
    }

    private func verdict(_ other: Introduction) -> String {
        if other.version != own.version {
            let release = other.release.isEmpty ? "" : " in release \(other.release)"
            return "\(other.text)\(release) that speaks version \(other.version) of the links' protocol, not "
                + "\(own.version) as release \(own.release) does"
        }
        if stages.isEmpty { return "\(other.text) that says hello at a port where only reports arrive" }
        let wanted = stages.map(Introduction.withArticle).joined(separator: " or ")
        let isStranger = other.pipeline != own.pipeline
        if !other.seeks.isEmpty, other.seeks != own.stage {
            return "\(other.text) that looks for \(Introduction.withArticle(other.seeks))"
        }
        if stages.contains(other.stage) { return "\(other.text), not of pipeline \(own.pipeline)" }
        return "\(other.text), not \(wanted)\(isStranger ? " of pipeline \(own.pipeline)" : "")"
    }

    private var ownText: String { "\(own.stage) of pipeline \(own.pipeline)" }
}
