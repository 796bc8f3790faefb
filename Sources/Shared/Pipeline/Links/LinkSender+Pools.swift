extension LinkSender {
    /// For how long no peer wants more of a queue, since the pools that it goes to are closed or full; `nil`: one does.
    package func heldFor(queue: String) -> Duration? {
        guard hasClosedPools else { return nil }
        var shortest: Duration?
        for index in peers.indices where isUsable(index) {
            guard let known = pools[index], let least = known.notes.filter({ $0.holds(queue) }).map(\.closedFor).min()
            else { return nil }
            let left = .milliseconds(least) - (clock.elapsed - known.at)
            guard left > .zero else { return nil }
            shortest = min(shortest ?? left, left)
        }
        return shortest
    }

    /// Takes what a peer says of pools; none of them is said to be anything any more.
    mutating func note(_ notes: [PoolNote], of index: Int) {
        guard pools[index] != nil || !notes.isEmpty else { return }
        pools[index] = notes.isEmpty ? nil : (notes, clock.elapsed)
        poolReports &+= 1
        sumUpPools()
    }

    /// What a peer has said counts no more.
    mutating func forgetPools(of index: Int) {
        guard pools.removeValue(forKey: index) != nil else { return }
        poolReports &+= 1
        sumUpPools()
    }

    private mutating func sumUpPools() {
        bases = Array(PoolNote.leastBases(pools.values.lazy.flatMap(\.notes)).prefix(PoolNote.most))
        hasClosedPools = pools.values.contains { $0.notes.contains(where: \.isClosed) }
    }
}
