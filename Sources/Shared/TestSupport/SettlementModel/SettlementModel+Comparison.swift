package import Messages

extension SettlementModel {
    /// In what the server differs from the model; `nil` when in nothing.
    ///
    /// - Parameters:
    ///   - now: milliseconds since 1970, after `stored` was read.
    ///   - holder: what the server calls the lease of a receipt.
    package func mismatch(_ stored: StoredState, now: Int64, holder: (Receipt) -> String) -> String? {
        if let stray = stored.strays.first { return "a stray: \(stray)" }
        if let text = Self.difference(stored.results, results) { return "results: \(text)" }
        if let text = Self.difference(stored.deadLetters, deadLetters) { return "dead letters: \(text)" }
        let bodies = Set(stored.open.map(\.body)).union(open.map(\.body))
        for body in bodies.sorted() {
            let theirs = stored.open.filter { $0.body == body }
            let ours = open.filter { $0.body == body }
            let isSame =
                theirs.count == ours.count
                && ours.allSatisfy { request in theirs.contains { matches($0, request, now, holder) } }
            if !isSame {
                let names = ours.map { describe($0.number) }
                return "\(body) is \(theirs.map(Self.describe)) on the server, in the model \(names)"
            }
        }
        return nil
    }

    private func matches(
        _ stored: StoredRequest, _ request: Request, _ now: Int64, _ holder: (Receipt) -> String
    ) -> Bool {
        guard stored.attempts == request.attempts, stored.deliveries == request.deliveries else { return false }
        switch (stored.state, request.state) {
        case (.waiting, .waiting):
            return true
        case (.leased(let theirs, let hasExpired), .leased(let name, let isExpired)):
            return hasExpired == isExpired && leases[name].map { holder($0.receipt) } == theirs
        case (.parked(let due), .parked(let expected)):
            return expected.contains(due)
        default:
            return false
        }
    }

    /// How two multisets differ.
    private static func difference<T: Hashable>(_ theirs: [T], _ ours: [T]) -> String? {
        var counts: [T: Int] = [:]
        for one in theirs { counts[one, default: 0] += 1 }
        for one in ours { counts[one, default: 0] -= 1 }
        let texts = counts.filter { $0.value != 0 }.map { "\($0.value > 0 ? "too many" : "missing"): \($0.key)" }
        return texts.isEmpty ? nil : texts.sorted().joined(separator: ", ")
    }

    /// A request's name and state, for people.
    func describe(_ number: Int) -> String {
        guard let request = requests[number] else { return "r\(number), unknown" }
        let counts = "attempts \(request.attempts), deliveries \(request.deliveries)"
        switch request.state {
        case .waiting: return "r\(number), waiting, \(counts)"
        case .leased(let name, let isExpired):
            return "r\(number), leased as \(name)\(isExpired ? " and expired" : ""), \(counts)"
        case .parked(let due): return "r\(number), parked until \(due), \(counts)"
        case .answered: return "r\(number), answered"
        case .deadLettered: return "r\(number), dead-lettered"
        case .withdrawn: return "r\(number), withdrawn"
        }
    }

    private static func describe(_ request: StoredRequest) -> String {
        "\(request.state), attempts \(request.attempts), deliveries \(request.deliveries)"
    }
}
