import Loop

/// The known addresses of names, kept fresh outside the data path: all names are looked up in parallel, and no caller
/// waits for an answer.
///
/// A name whose servers do not answer occupies one thread, and delays no other name.
@PipelineActor
final class AddressBook {
    private struct Entry {
        var addresses: [String] = []
        var isBeingLookedUp = false
        /// When the last look-up began.
        var asked: Duration
        /// When it was last asked for.
        var wanted: Duration
        let isForeign: Bool
    }

    /// An answer has brought addresses that were not known before.
    var onNews: () -> Void = {}
    private let lookUp: (String, @escaping @Sendable (NameLookup.Answer) -> Void) -> Void
    private var entries: [String: Entry] = [:]
    private var foreignCount = 0

    /// A name is looked up again after this time, as long as it is asked for.
    private static let age: Duration = .seconds(2)
    /// A look-up that takes longer than this is logged.
    private static let patience: Duration = .seconds(5)
    /// Names that peers ask for, as opposed to those in the settings; each may take a thread.
    static let maxForeign = 64

    init(lookUp: @escaping (String, @escaping @Sendable (NameLookup.Answer) -> Void) -> Void = NameLookup.start) {
        self.lookUp = lookUp
    }

    /// The addresses of a name as far as they are known now, IPv6 ones in brackets; looks them up again if the last
    /// look-up is old.
    ///
    /// - Parameter isForeign: a peer named it, not the settings.
    func addresses(of host: String, isForeign: Bool, now: Duration) -> [String] {
        if entries[host] == nil {
            if isForeign, foreignCount >= Self.maxForeign, !makePlace(now) { return [] }
            if isForeign { foreignCount += 1 }
            entries[host] = Entry(asked: now, wanted: now, isForeign: isForeign)
            begin(host, now)
        }
        entries[host]?.wanted = now
        if let entry = entries[host], !entry.isBeingLookedUp, now - entry.asked >= Self.age { begin(host, now) }
        return entries[host]?.addresses ?? []
    }

    /// Names that have been looked up for longer than a name server that works takes.
    func unanswered(now: Duration) -> [String] {
        entries.filter { $0.value.isBeingLookedUp && now - $0.value.asked >= Self.patience }.map(\.key).sorted()
    }

    private func begin(_ host: String, _ now: Duration) {
        entries[host]?.asked = now
        entries[host]?.isBeingLookedUp = true
        lookUp(host) { answer in
            Task { @PipelineActor [weak self] in self?.take(answer, of: host) }
        }
    }

    private func take(_ answer: NameLookup.Answer, of host: String) {
        entries[host]?.isBeingLookedUp = false
        guard case .addresses(let addresses) = answer, entries[host]?.addresses != addresses else { return }
        entries[host]?.addresses = addresses
        onNews()
    }

    /// Forgets a foreign name that was not asked for in a while; one that is being looked up keeps its thread, and its
    /// place.
    private func makePlace(_ now: Duration) -> Bool {
        let oldest = entries.filter { $0.value.isForeign && !$0.value.isBeingLookedUp }
            .min { $0.value.wanted < $1.value.wanted }
        guard let oldest, now - oldest.value.wanted >= Self.age else { return false }
        entries[oldest.key] = nil
        foreignCount -= 1
        return true
    }
}
