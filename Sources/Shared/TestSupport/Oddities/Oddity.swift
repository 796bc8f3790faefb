/// One odd thing from outside, and what becomes of it.
///
/// What it may cost is what it belongs to: `OddityRun` looks after each one whether everything else went on.
package struct Oddity: Sendable {
    package enum Kind: String, Sendable, CaseIterable {
        case message, destination, answer, frame, right, server, setting, signal, file, status

        /// What the stages' logs must say by the time that all of a kind are over; where it is the result, the dead letter
        /// or the exit that says what was odd, each looks for its own words there.
        ///
        /// Not after each: what can be repeated at will is said once, and then in ever longer intervals.
        var words: [String] {
            switch self {
            case .message, .setting: []
            case .destination: ["The queue refuses a result", "WRONGTYPE"]
            case .answer:
                [
                    "A gateway sent what nobody had asked for",
                    "A gateway asks for a longer pause than it is given",
                ]
            case .frame:
                ["Frames could not be read and were dropped", "Frames that are no reports were dropped"]
            case .right: ["The queue does not answer", "The queue cannot take results now", "NOPERM", "evalsha"]
            case .server: ["The queue does not answer", "The queue answers"]
            case .signal: ["A signal that means nothing here is ignored"]
            case .file: ["The gateway token stays as it was"]
            case .status: ["Too many connections to the status port"]
            }
        }
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
