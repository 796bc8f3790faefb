/// Which queues have a graph of their own: those first that have one already, the longest before others, and then those in
/// which most is.
///
/// Names come from stages, and one of them may tell of very many, or of others each time: each source has a share of the
/// places.
struct GraphedQueues {
    private(set) var names: [String] = []

    static let most = 20
    /// Bytes; memory is bounded.
    private static let longestName = 256

    /// - Parameter queues: Those in which most is first.
    mutating func choose(among queues: [TopScene.Queue]) {
        let there = Dictionary(queues.map { ($0.name, $0) }) { first, _ in first }
        let known = Set(names)
        let others = queues.filter { !known.contains($0.name) && $0.name.utf8.count <= Self.longestName }
        let chosen = (names.compactMap { there[$0] } + others).shared(Self.most) { $0.source }.map(\.name)
        // Of some nobody tells now, perhaps because a process does not answer: they stay where there is room.
        let absent = names.filter { there[$0] == nil }.prefix(Self.most - chosen.count)
        names = absent + chosen
    }
}
