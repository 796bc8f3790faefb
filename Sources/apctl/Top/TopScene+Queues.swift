import Settings

extension TopScene {
    /// All queues, those first in which most waits.
    static func queues(_ readings: [StageReading], _ intervals: [StageInterval]) -> [Queue] {
        var queues: [String: Queue] = [:]
        /// Those of which the process tells whose turn it is, and those of which each tells.
        var names: Set<String> = []
        var told: [(id: ProcessID, names: Set<String>)] = []
        func change(_ name: String, _ body: (inout Queue) -> Void) {
            guard names.count < ReadingLimits.things || names.contains(name) else { return }
            names.insert(name)
            body(&queues[name, default: Queue(name: name)])
        }
        // Each ingest of a queue tells the same of what waits there.
        func largest(_ part: WritableKeyPath<Queue, Double?>, _ values: [String: Double]) {
            for (name, value) in values { change(name) { $0[keyPath: part] = max($0[keyPath: part] ?? value, value) } }
        }
        for reading in readings {
            names = []
            defer { told.append((reading.id, names)) }
            for queue in reading.report.status?.queues ?? [] {
                guard let name = queue.name else { continue }
                if let waiting = queue.waiting { largest(\.waiting, [name: Double(waiting)]) }
                if let parked = queue.parked { largest(\.parked, [name: Double(parked)]) }
            }
            guard let figures = reading.figures else { continue }
            largest(\.atRisk, figures.sums(.atRisk, by: "queue"))
            largest(\.slotsRequired, figures.sums(.slotsRequired, by: "queue"))
            largest(\.eta, figures.sums(.eta, by: "queue"))
            for (labels, count) in figures.sums(.held, by: ["queue", "place"]) {
                switch labels[1] {
                // In the queue itself: the same as above, and exact.
                case "queue": largest(\.waiting, [labels[0]: count])
                case "parked": largest(\.parked, [labels[0]: count])
                default: change(labels[0]) { $0.inStages += count }
                }
            }
        }
        for interval in intervals {
            names = []
            for counter in [StageFigures.Metric.successful, .failed, .missed] {
                for (name, rate) in interval.perSecond(counter, by: "queue_name") {
                    change(name) { $0.perSecond = ($0.perSecond ?? 0) + rate }
                }
            }
            told.append((interval.after.id, names))
        }
        for (name, source) in sources(told) { queues[name]?.source = source }
        return queues.values.sorted { ($1.size, $0.name) < ($0.size, $1.name) }
    }

    /// Whose place each thing takes where there is no room for all: of those who tell of it, the one that tells of the fewest.
    ///
    /// So one that tells of very many, the same ones among them, takes no places from the others.
    private static func sources<Name: Hashable>(_ told: [(id: ProcessID, names: Set<Name>)]) -> [Name: ProcessID] {
        var sources: [Name: ProcessID] = [:]
        for (id, names) in told.sorted(by: { $0.names.count > $1.names.count }) {
            for name in names { sources[name] = id }
        }
        return sources
    }

    /// A gateway, and a queue that asks it.
    private struct Key: Hashable {
        var origin, queue: String

        init(_ told: StageStatusDocument.Gateway) {
            origin = told.origin ?? "of unknown address"
            queue = told.queue ?? ""
        }
    }

    /// All gateways that dispatch processes tell of, those first that are not well.
    static func gateways(_ readings: [StageReading], _ intervals: [StageInterval]) -> [Gateway] {
        var gateways: [Key: Gateway] = [:]
        var attempts: [Key: (all: Double, again: Double)] = [:]
        var tellers: [(id: ProcessID, names: Set<Key>)] = []
        for reading in readings where reading.report.stage == .dispatch {
            tellers.append((reading.id, Set((reading.report.status?.gateways ?? []).map(Key.init))))
            for told in reading.report.status?.gateways ?? [] {
                let key = Key(told)
                var gateway = gateways[key] ?? Gateway(origin: key.origin, queue: key.queue, state: "unknown")
                // Where they differ, the worse counts.
                if isWell(gateway.state) {
                    (gateway.state, gateway.since, gateway.reason) = (told.state, told.since, told.reason)
                }
                gateway.held += Double(told.held ?? 0)
                gateways[key] = gateway
            }
        }
        for interval in intervals where interval.after.report.stage == .dispatch {
            let earlier = Dictionary(
                (interval.before.report.status?.gateways ?? []).map { (Key($0), $0.attempts) }
            ) { first, _ in first }
            for told in interval.after.report.status?.gateways ?? [] {
                let key = Key(told)
                let before = earlier[key] ?? [:]
                var sum = attempts[key] ?? (0, 0)
                for (outcome, count) in told.attempts {
                    let rate = max(0, Double(count) - Double(before[outcome] ?? 0)) / interval.seconds
                    sum.all += rate
                    if triedAgain.contains(outcome) { sum.again += rate }
                }
                attempts[key] = sum
            }
        }
        let times = AttemptTimes.byQueue(intervals.filter { $0.after.report.stage == .dispatch })
        let sources = sources(tellers)
        return gateways.map { key, gateway in
            var gateway = gateway
            gateway.source = sources[key]
            gateway.perSecond = attempts[key]?.all
            if let sum = attempts[key], sum.all > 0 { gateway.failedShare = sum.again / sum.all }
            gateway.mean = times[key.queue]?.mean
            gateway.mostWithin = times[key.queue]?.limit(of: 0.95)
            return gateway
        }.sorted {
            (isWell($0.state) ? 1 : 0, $0.origin, $0.queue) < (isWell($1.state) ? 1 : 0, $1.origin, $1.queue)
        }
    }

    static func isWell(_ state: String) -> Bool { ["reachable", "unknown"].contains(state) }

    /// What came of attempts that are made again.
    private static let triedAgain: Set = ["shed", "failed", "unanswered", "unauthorised"]
}

extension TopScene.Queue {
    fileprivate var size: Double { (waiting ?? 0) + (parked ?? 0) + inStages }
}
