/// One odd thing from outside, and what becomes of it.
///
/// What it may cost is what it belongs to: `OddityRun` looks after each one whether everything else went on.
package struct Oddity: Sendable {
    package enum Kind: String, Sendable, CaseIterable {
        case message, destination, answer, frame, right, server, setting, signal, file, status
    }

    package let name: String
    package let kind: Kind
    /// Does it, waits until it is over, and throws when it did not become what it should.
    let happen: @Sendable (OddityBench) async throws -> Void

    init(_ kind: Kind, _ name: String, _ happen: @escaping @Sendable (OddityBench) async throws -> Void) {
        self.kind = kind
        self.name = name
        self.happen = happen
    }

    /// All of them, in the order in which they are tried.
    package static var all: [Oddity] {
        messages + destinations + answers + frames + rights + servers + settings + signals + files + statuses
    }
}

/// What must become of an odd message.
enum Fate: Sendable {
    /// A result with this status code or error code.
    case result(String)
    /// A dead letter whose reason has this in it.
    case deadLetter(String)
    /// A result that is no success, whatever it says.
    case noSuccess
    /// A result, of whatever kind.
    case anyResult
}

/// What went otherwise than it should.
struct OddityFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
