import ArgumentParser

/// A stage as a type, so that one declaration of the flags serves all four and shows each its own.
package protocol StageKind: Sendable, SendableMetatype {
    static var name: StageName { get }
}

package enum Ingest: StageKind { package static let name = StageName.ingest }
package enum Dispatch: StageKind { package static let name = StageName.dispatch }
package enum Retry: StageKind { package static let name = StageName.retry }
package enum Emit: StageKind { package static let name = StageName.emit }

extension StageKind {
    /// Help that is shown by the stages named, or by all if none is named.
    ///
    /// - Parameter byDefault: What holds without the flag, where argument-parser cannot know it.
    static func help(
        _ text: String, _ value: String, byDefault: (any CustomStringConvertible)? = nil, of stages: StageName...
    ) -> ArgumentHelp {
        let isOurs = stages.isEmpty || stages.contains(name)
        let end = byDefault.map { " (default: \($0))" } ?? ""
        return ArgumentHelp("\(text)\(end)", valueName: value, visibility: isOurs ? .default : .hidden)
    }
}
