import Settings

extension TopScene.Change {
    /// What is otherwise than it was, in words.
    static func between(_ before: Round, _ after: Round) -> [Self] {
        let earlier = Dictionary(before.readings.map { ($0.id, $0) }) { first, _ in first }
        let known = Set(after.readings.map(\.id))
        let here = after.readings.map { reading in
            (reading.id, earlier[reading.id].map { reading.changes(since: $0) } ?? ["\(reading.id) is new"])
        }
        let gone = before.readings.map(\.id).filter { !known.contains($0) }.map {
            ($0, ["\($0) is no longer an address of its name"])
        }
        return (here + gone).flatMap { id, texts in
            let most = ReadingLimits.changes
            let left = texts.count - most
            let shown = left > 0 ? texts.prefix(most) + ["\(id): \(left) more changes"] : texts[...]
            return shown.map { Self(time: after.timeOfDay, text: $0, source: id) }
        }
    }
}

extension StageReading {
    fileprivate func changes(since earlier: StageReading) -> [String] {
        var texts: [String] = []
        switch (earlier.report.readiness, report.readiness) {
        case (.silent, .silent): return []
        case (_, .silent(let error)): return ["\(id) does not answer: \(error.onOneLine)"]
        case (.silent, _):
            let uptime = report.status?.uptimeSeconds.map { ", running for \(TimeSpan(seconds: $0))" } ?? ""
            return ["\(id) answers again\(uptime)"]
        // While it drains it counts what is left.
        case (.notReady(let before), .notReady(let reason))
        where earlier.brief(before) == brief(reason)
            || StageReport.isDraining(before) && StageReport.isDraining(reason):
            break
        case (_, .notReady(let reason)):
            texts.append("\(id) is \(StageReport.isDraining(reason) ? "" : "not ready: ")\(brief(reason))")
        case (.notReady, .ready): texts.append("\(id) is ready")
        default: break
        }
        if isRestarted(since: earlier) { texts.insert("\(id) has been restarted", at: 0) }
        return texts + peerChanges(since: earlier) + gatewayChanges(since: earlier)
    }

    private func peerChanges(since earlier: StageReading) -> [String] {
        func states(_ reading: StageReading) -> [String: String] {
            let peers = reading.report.status?.peers ?? []
            return Dictionary(peers.map { ("\($0.address) on \($0.link)".onOneLine, $0.state.onOneLine) }) { $1 }
        }
        let (before, after) = (states(earlier), states(self))
        return Set(before.keys).union(after.keys).sorted().compactMap { (peer) -> String? in
            switch (before[peer], after[peer]) {
            case (nil, let state?): "\(id): peer \(peer) has come, \(state)"
            case (_?, nil): "\(id): peer \(peer) has gone"
            case (let was?, let state?) where was != state: "\(id): peer \(peer) is \(state), was \(was)"
            default: nil
            }
        }
    }

    private func gatewayChanges(since earlier: StageReading) -> [String] {
        // Ingest only repeats what dispatch tells it.
        guard report.stage == .dispatch else { return [] }
        func states(_ reading: StageReading) -> [String: String] {
            let gateways = reading.report.status?.gateways ?? []
            return Dictionary(gateways.map { ($0.name, $0.state.words) }) { $1 }
        }
        let (before, after) = (states(earlier), states(self))
        return after.keys.sorted().compactMap { (name) -> String? in
            guard let was = before[name], let state = after[name], was != state else { return nil }
            return "\(id): \(name) is \(state), was \(was)"
        }
    }
}

extension StageStatusDocument.Gateway {
    /// Such as `http://gpu:8000 of the queue batch`.
    fileprivate var name: String {
        (origin ?? "a gateway").onOneLine + (queue.map { $0.isEmpty ? "" : " of the queue \($0.onOneLine)" } ?? "")
    }
}
