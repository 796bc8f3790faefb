import Settings

extension TopScene {
    /// - Parameters:
    ///   - intervals: What each process has counted since it was asked before; of those of which that is known.
    ///   - silentFor: Seconds for which a process has not answered.
    init(_ round: Round, _ intervals: [ProcessID: StageInterval], silentFor: [ProcessID: Double]) {
        let counted = round.readings.compactMap { intervals[$0.id] }
        time = "\(round.wallClock)"
        processes = round.readings.map { Process($0, intervals[$0.id]) }
        let queues = Self.queues(round.readings, counted)
        flow = Flow(round.readings, counted, queues)
        self.queues = queues.shared(ReadingLimits.rows) { $0.source }
        gateways = Self.gateways(round.readings, counted).shared(ReadingLimits.rows) { $0.source }
        let slots = round.readings.compactMap { $0.figures?.sum(.slots) }.nonEmptySum
        self.slots = slots
        troubles = Self.troubles(
            round.readings, silentFor, queues.compactMap { $0.risk(slots: slots) } + gateways.compactMap(\.trouble))
    }
}

extension TopScene.Process {
    fileprivate init(_ reading: StageReading, _ interval: StageInterval?) {
        let stage = reading.report.stage
        self.init(id: reading.id, condition: Condition(reading.report.readiness))
        let lines = reading.report.text.split(separator: "\n").map(String.init)
        words = Array(lines.prefix(ReadingLimits.lines))
        let left = lines.count - words.count
        if left > 0 { words.append("… and \(left) more \(left == 1 ? "line" : "lines"), which apctl status shows") }
        uptime = reading.report.status?.uptimeSeconds
        guard let figures = reading.figures else { return }
        let isOwn = { (labels: StageFigures.Labels) in stage.sends(on: labels["link"] ?? "") }
        held = figures.sum(.held) { $0["place"] != "queue" && $0["place"] != "parked" } ?? 0
        room = figures.sum(.linkRoom, where: isOwn)
        oldest = figures.largest(.linkOldest, where: isOwn)
        memory = figures.sum(.memory)
        perSecond = interval?.perSecond(stage == .emit ? .linkDone : .linkSent, where: isOwn)
        sentAgain = interval?.perSecond(.linkSentAgain, where: isOwn)
        processor = interval?.perSecond(.processor)
    }
}

extension StageReport {
    /// Whether that is why it is not ready.
    static func isDraining(_ reason: String) -> Bool { reason.hasPrefix("draining") }
}

extension TopScene.Process.Condition {
    fileprivate init(_ readiness: StageReport.Readiness) {
        self =
            switch readiness {
            case .ready: .ready
            case .notReady(let reason): StageReport.isDraining(reason) ? .draining : .notReady
            case .silent: .silent
            }
    }
}

extension TopScene.Flow {
    fileprivate init(_ readings: [StageReading], _ intervals: [StageInterval], _ queues: [TopScene.Queue]) {
        for reading in readings {
            var count = processes[reading.report.stage] ?? Processes()
            count.all += 1
            if TopScene.Process.Condition(reading.report.readiness) != .silent { count.answering += 1 }
            processes[reading.report.stage] = count
            guard let figures = reading.figures else { continue }
            let counts = figures.sums(.held, by: "place")
            for (place, names) in reading.report.stage.places {
                held[place, default: 0] += counts[names] ?? 0
            }
        }
        held[.queue] = queues.compactMap(\.waiting).nonEmptySum
        held[.parked] = queues.compactMap(\.parked).nonEmptySum
        for interval in intervals {
            for (hop, counter, isWanted) in interval.after.report.stage.hops {
                guard let rate = interval.perSecond(counter, where: { isWanted($0["link"] ?? "") }) else { continue }
                rates[hop, default: 0] += rate
            }
        }
    }
}

extension StageName {
    /// Whether it is a link on which this stage sends; for emit, which sends to no stage, the one on which it takes.
    fileprivate func sends(on link: String) -> Bool {
        self == .emit ? link.hasSuffix("-emit") : link.hasPrefix("\(rawValue)-")
    }

    /// The places that belong to it, with their names in its metrics.
    fileprivate var places: [(TopScene.Place, String)] {
        switch self {
        case .ingest: [(.leased, "leased"), (.link, "link")]
        case .dispatch: [(.slot, "slot"), (.held, "held"), (.gateway, "gateway"), (.outcome, "outcome")]
        case .retry: [(.verdict, "outcome")]
        case .emit: [(.settlement, "settlement")]
        }
    }

    /// What it does for others, with the counter and the links that tell it.
    fileprivate var hops: [(TopScene.Hop, StageFigures.Metric, (String) -> Bool)] {
        switch self {
        case .ingest: [(.leases, .leases, { _ in true }), (.requests, .linkSent, { $0 == "ingest-dispatch" })]
        case .dispatch:
            [(.outcomes, .linkSent, { $0 == "dispatch-emit" }), (.failures, .linkSent, { $0 == "dispatch-retry" })]
        case .retry: [(.verdicts, .linkSent, { $0 == "retry-emit" })]
        case .emit: [(.settled, .linkDone, { $0.hasSuffix("-emit") })]
        }
    }
}

extension [Double] {
    /// The sum; `nil` of none.
    var nonEmptySum: Double? { isEmpty ? nil : reduce(0, +) }
}
