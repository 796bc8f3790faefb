extension Array {
    /// As many of them as that, in their order: the first of each source, then the second of each, and so on, so that no
    /// source takes all places.
    func shared<Source: Hashable>(_ most: Int, by source: (Element) -> Source) -> [Element] {
        guard count > most else { return self }
        var seen: [Source: Int] = [:]
        var ranked: [(rank: Int, index: Int)] = []
        for (index, element) in enumerated() {
            let source = source(element)
            ranked.append((seen[source, default: 0], index))
            seen[source, default: 0] += 1
        }
        let kept = ranked.sorted { ($0.rank, $0.index) < ($1.rank, $1.index) }.prefix(Swift.max(0, most))
        return kept.map { $0.index }.sorted().map { self[$0] }
    }

    /// The same, the last of each source first.
    func latest<Source: Hashable>(_ most: Int, by source: (Element) -> Source) -> [Element] {
        [Element]([Element](reversed()).shared(most, by: source).reversed())
    }
}
