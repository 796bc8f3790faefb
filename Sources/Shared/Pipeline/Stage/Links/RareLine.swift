/// How often something has happened that others can make happen as often as they like: it is said once, and then with
/// the number, after five seconds at first and twice as long each time, up to a minute.
package struct RareLine: Sendable {
    private(set) var count = 0
    /// What it was about, the first time since the last line; cut to a length that a log bears, in bytes: one character may
    /// have any number of them.
    private(set) var example = ""
    private var said: Duration?

    private var spacing = Self.shortest

    static let shortest: Duration = .seconds(5)
    static let maxPause: Duration = .seconds(60)
    private static let longest = 100

    package init() {}

    package mutating func note(_ example: @autoclosure () -> String = "") {
        if count == 0 { self.example = String(decoding: example().utf8.prefix(Self.longest), as: UTF8.self) }
        count += 1
    }

    /// How often it has happened since the last line, if a line is due now.
    package mutating func due(at now: Duration) -> (count: Int, example: String)? {
        guard count > 0 else { return nil }
        if let said {
            if now - said < spacing { return nil }
            spacing = now - said >= Self.maxPause * 2 ? Self.shortest : min(spacing * 2, Self.maxPause)
        }
        defer { count = 0 }
        said = now
        return (count, example)
    }
}
