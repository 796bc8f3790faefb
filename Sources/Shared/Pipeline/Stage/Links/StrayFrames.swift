/// Frames that arrive at a port of this process and are for another one: two ports were mixed up in the settings.
struct StrayFrames: Sendable {
    /// When the last of each kind came, by the text that is logged about it.
    private var seen: [String: Duration] = [:]

    private static let most = 16
    private static let memory = Duration.seconds(3)

    mutating func note(_ text: String, at now: Duration) {
        if seen.count >= Self.most { seen = seen.filter { now - $0.value < Self.memory } }
        if seen.count < Self.most || seen[text] != nil { seen[text] = now }
    }

    /// Those that came lately; they block no other sender.
    func problems(at now: Duration) -> [WiringProblem] {
        seen.filter { now - $0.value < Self.memory }.keys.sorted().map { WiringProblem($0, isBlocking: false) }
    }
}
