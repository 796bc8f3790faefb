/// Rate limit of log lines about events that other processes can cause at any rate: the first event is logged at once,
/// later ones with their number, after five seconds at first and twice as long each time, up to a minute.
package struct RareLine: Sendable {
    private(set) var count = 0
    /// What the first event since the last line was about; cut to a length in bytes that suits a log, since one
    /// character may have any number of bytes.
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
