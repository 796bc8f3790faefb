/// The full name of a topic or a subscription: `projects/P/topics/T`.
///
/// Source: cloud.google.com/pubsub/docs/pubsub-basics#resource_names
package enum ResourceName {
    package enum Kind: String, Sendable {
        case topics, subscriptions
    }

    /// Makes a full name of a short one; full ones stay as they are.
    package static func full(_ name: String, _ kind: Kind, project: String) -> String {
        name.hasPrefix("projects/") ? name : "projects/\(project)/\(kind.rawValue)/\(name)"
    }

    /// Why a name cannot be one, for people; `nil` if it can.
    ///
    /// Three to 255 characters: a letter first, then letters, digits and `-._~+%`; not `goog` in front. A project's
    /// id has letters, digits and hyphens, old ones a domain and a colon in front.
    package static func problem(_ name: String, _ kind: Kind) -> String? {
        var id = name[...]
        if name.hasPrefix("projects/") {
            let parts = name.split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count == 4, isProject(parts[1]), parts[2] == kind.rawValue else {
                return "expected an id or projects/PROJECT/\(kind.rawValue)/ID, found \(name)"
            }
            id = parts[3]
        }
        guard (3...255).contains(id.utf8.count), id.utf8.first.map(isLetter) == true,
            id.utf8.allSatisfy({ isLetter($0) || (0x30...0x39).contains($0) || "-._~+%".utf8.contains($0) }),
            !id.hasPrefix("goog")
        else { return "\(id) is no id of Pub/Sub: 3 to 255 letters, digits or -._~+%, a letter first, not goog" }
        return nil
    }

    private static func isProject(_ id: Substring) -> Bool {
        !id.isEmpty
            && id.utf8.allSatisfy { isLetter($0) || (0x30...0x39).contains($0) || "-.:".utf8.contains($0) }
            && !id.hasPrefix(".")
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }
}
