import Settings

extension TopScene {
    /// Why something does not move or is not as it should be, in words; what is severe stands first.
    ///
    /// - Parameter others: What there is to say of queues and gateways.
    static func troubles(
        _ readings: [StageReading], _ silentFor: [ProcessID: Double], _ others: [Trouble]
    ) -> [Trouble] {
        var all = readings.compactMap { state($0, silentFor: silentFor[$0.id]) }
        all += readings.compactMap(excess)
        all += others
        all += reasons(readings)
        all += readings.flatMap(details)
        all = all.filter(\.isSevere) + all.filter { !$0.isSevere }
        let shown = all.shared(ReadingLimits.allTroubles) { $0.source }
        let left = all.count - shown.count
        if left == 0 { return shown }
        return shown + [Trouble(text: "… and \(left) more, which apctl status shows", isSevere: false)]
    }

    private static func state(_ reading: StageReading, silentFor: Double?) -> Trouble? {
        switch reading.report.readiness {
        case .ready: return nil
        // It says so among its reasons.
        case .notReady(let reason) where StageReport.isDraining(reason): return nil
        case .notReady(let reason):
            return Trouble(
                text: "\(reading.id): not ready: \(reading.brief(reason))", isSevere: true, source: reading.id)
        case .silent(let error):
            let time = silentFor.map { $0 < 1 ? "" : " for \(TimeSpan(seconds: $0))" } ?? ""
            return Trouble(
                text: "\(reading.id): no answer\(time): \(error.onOneLine)", isSevere: true, source: reading.id)
        }
    }

    /// Nothing that is well tells of so much.
    private static func excess(_ reading: StageReading) -> Trouble? {
        guard let status = reading.report.status, status.leftOut > 0 else { return nil }
        let text = "\(reading.id): it says \(status.leftOut) things more than are looked at"
        return Trouble(text: text, isSevere: true, source: reading.id)
    }

    /// What stages say of themselves, each once, with those that say it; gateways are told of by themselves.
    private static func reasons(_ readings: [StageReading]) -> [Trouble] {
        let origins = Set(readings.flatMap { $0.report.status?.gateways ?? [] }.compactMap(\.origin))
        var order: [String] = []
        var tellers: [String: [StageReading]] = [:]
        for reading in readings {
            for reason in reading.report.status?.reasons ?? [] {
                if let origin = StageStatusDocument.gateway(of: reason), origins.contains(origin) { continue }
                let text = reason.onOneLine
                if tellers[text] == nil { order.append(text) }
                tellers[text, default: []].append(reading)
            }
        }
        return order.map { text in
            let who = StageName.allCases.compactMap { name(of: tellers[text] ?? [], in: $0, among: readings) }
            return Trouble(
                text: "\(who.joined(separator: ", ")): \(text)", isSevere: false, source: tellers[text]?.first?.id)
        }
    }

    /// Such as `dispatch`, if all of that stage say it, `dispatch 10.0.0.5:9092` and `dispatch (2 of 5)`.
    private static func name(
        of tellers: [StageReading], in stage: StageName, among readings: [StageReading]
    ) -> String? {
        let those = tellers.filter { $0.report.stage == stage }
        let all = readings.count { $0.report.stage == stage && $0.report.status != nil }
        guard let first = those.first else { return nil }
        if those.count == all { return stage.rawValue }
        return those.count == 1 ? "\(first.id)" : "\(stage.rawValue) (\(those.count) of \(all))"
    }

    /// Peers that do not take part, gates that let nothing through, and pools that requests wait for.
    private static func details(_ reading: StageReading) -> [Trouble] {
        guard let status = reading.report.status else { return [] }
        let peers = status.peers.filter { $0.state != "alive" }.map(\.text)
        let gates = status.gates.filter { ["closed", "shut"].contains($0.condition) }.map(\.text)
        let pools = status.pools.filter { $0.waiting ?? 0 > 0 }.map(\.line)
        return (peers + gates + pools).map { text in
            let text = text.hasSuffix(".") ? String(text.dropLast()) : text
            return Trouble(
                text: "\(reading.id): \(text.prefix(1).lowercased() + text.dropFirst())", isSevere: false,
                source: reading.id)
        }
    }
}

extension StageReading {
    /// A reason why it is not ready, without what it says of gateways beside that.
    func brief(_ reason: String) -> String {
        let gateways = (report.status?.reasons ?? []).filter { $0.hasPrefix("the gateway ") }
        return gateways.reduce(reason) { $0.replacing("; \($1)", with: "") }.onOneLine
    }
}

extension TopScene.Queue {
    /// What is to be said when it will not be done in time.
    func risk(slots: Double?) -> TopScene.Trouble? {
        guard let atRisk, atRisk > 0 else { return nil }
        var text = "queue \(name.onOneLine): \(Shown.count(atRisk)) of those that wait "
        text += atRisk == 1 ? "will miss its deadline" : "will miss their deadlines"
        text += " if it goes on like this"
        if let slotsRequired {
            text += "; \(Shown.count(slotsRequired)) slots would make all in time"
            if let slots { text += ", there are \(Shown.count(slots))" }
        }
        return .init(text: text, isSevere: true, source: source)
    }
}

extension TopScene.Gateway {
    /// What is to be said when it is not well.
    var trouble: TopScene.Trouble? {
        if TopScene.isWell(state) { return nil }
        let queue = queue.isEmpty ? "" : " of queue \(queue.onOneLine)"
        var text = "gateway \(origin.onOneLine)\(queue): \(state.words)"
        if let since { text += " since \(since.onOneLine)" }
        if let reason, !reason.isEmpty { text += ": \(reason.onOneLine)" }
        if held > 0 { text += "; \(Shown.count(held)) \(held == 1 ? "waits" : "wait") for it" }
        return .init(text: text, isSevere: state != "shedding", source: source)
    }
}
