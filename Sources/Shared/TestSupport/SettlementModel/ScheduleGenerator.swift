/// Draws the steps of a schedule from its number, each with a look at the model: what is possible depends on it.
package struct ScheduleGenerator {
    /// Ingests and emits that take part.
    package static let sources = 3
    package static let sinks = 2

    private enum Kind: CaseIterable {
        case submit, resubmit, lease, probe, renew, release, expire, becomeDue, crash, gap, settle, settleAgain
        case crashSink, both

        /// How often it is drawn, relative to the others.
        var weight: Int {
            switch self {
            case .lease, .settle: 20
            case .submit, .expire, .settleAgain, .both: 10
            case .becomeDue, .renew: 8
            case .release, .resubmit: 4
            case .crash, .gap: 2
            case .probe, .crashSink: 1
            }
        }
    }

    private static let maxOpen = 8
    /// Longer than any schedule runs.
    private static let hour: Int64 = 3_600_000

    private var random: SeededRandom
    /// Every kind as often as this schedule likes it.
    private var kinds: [Kind] = []
    private var requests = 0
    private var settlements = 0
    /// Batches whose reply was lost; they are settled again, by whatever sink.
    private var unanswered: [[PlannedSettlement]] = []

    /// - Parameter seed: the schedule's number.
    package init(seed: UInt64) {
        random = SeededRandom(seed: seed)
        // Some schedules have no crashes, some hardly anything else: a mixture of all is like any other.
        for kind in Kind.allCases {
            let mustBe = kind == .submit || kind == .lease || kind == .settle
            let factor = mustBe ? 1 : [0, 1, 1, 3].randomElement(using: &random) ?? 1
            kinds += Array(repeating: kind, count: kind.weight * factor)
        }
    }

    /// The next step; always one that `model` allows.
    ///
    /// - Parameter now: milliseconds since 1970.
    package mutating func next(_ model: SettlementModel, at now: Int64) -> Step {
        for _ in 0..<100 {
            let kind = kinds.randomElement(using: &random) ?? .submit
            if let step = draw(kind, model, now), model.allows(step, at: now) {
                if case .settle(_, let batch, true) = step { unanswered.append(batch) }
                return step
            }
        }
        return submit()
    }

    private mutating func draw(_ kind: Kind, _ model: SettlementModel, _ now: Int64) -> Step? {
        let source = random.number(0...Self.sources - 1)
        let sink = random.number(0...Self.sinks - 1)
        switch kind {
        case .submit:
            return model.open.count < Self.maxOpen ? submit() : nil
        case .resubmit:
            guard let former = model.open.randomElement(using: &random)?.number else { return nil }
            requests += 1
            return .resubmit(request: requests, of: former)
        case .lease:
            let losesReply = model.rules.recoversLeases && random.chance(10)
            return .lease(source: source, limit: random.number(1...4), losesReply: losesReply)
        case .probe:
            return .probe(source: source)
        case .renew:
            guard let names = some(of: model.known[source]) else { return nil }
            return .renew(source: source, leases: names, losesReply: random.chance(10))
        case .release:
            guard let names = some(of: model.known[source]) else { return nil }
            return .release(source: source, leases: names, losesReply: random.chance(10))
        case .expire:
            return model.open.randomElement(using: &random).map { .expire(request: $0.number) }
        case .becomeDue:
            return model.open.randomElement(using: &random).map { .becomeDue(request: $0.number) }
        case .crash: return .crash(source: source)
        case .gap: return .gap(source: source)
        case .crashSink: return .crashSink(sink: sink)
        case .settle:
            return batch(model).map { .settle(sink: sink, $0, losesReply: random.chance(15)) }
        case .settleAgain:
            guard !unanswered.isEmpty else { return nil }
            let batch = unanswered.remove(at: random.number(0...unanswered.count - 1))
            return .settle(sink: sink, batch, losesReply: false)
        case .both:
            return pair(model, now)
        }
    }

    private mutating func submit() -> Step {
        requests += 1
        return .submit(request: requests)
    }

    private mutating func some(of names: [LeaseName]) -> [LeaseName]? {
        names.isEmpty ? nil : random.some(random.number(1...4), of: names)
    }

    /// Two calls that may run at the same time: by different processes, and without faults.
    private mutating func pair(_ model: SettlementModel, _ now: Int64) -> Step? {
        let kinds: [Kind] = [.lease, .lease, .renew, .release, .settle, .settle]
        guard let one = kinds.randomElement(using: &random).flatMap({ draw($0, model, now)?.withoutLoss }),
            let other = kinds.randomElement(using: &random).flatMap({ draw($0, model, now)?.withoutLoss }),
            one.process != other.process
        else { return nil }
        return .both(one, other)
    }

    /// Settlements of requests that are open, mostly.
    private mutating func batch(_ model: SettlementModel) -> [PlannedSettlement]? {
        let names = model.leases.keys.sorted { ($0.request, $0.nth) < ($1.request, $1.nth) }
        let live = names.filter { model.requests[$0.request]?.isOpen ?? false }
        let candidates = live.isEmpty || random.chance(20) ? names : live
        guard !candidates.isEmpty else { return nil }
        return random.some(random.number(1...4), of: candidates).map { name in
            settlements += 1
            let action = action(failedAttempts: (model.requests[name.request]?.attempts ?? 0) + 1)
            return PlannedSettlement(number: settlements, lease: name, action: action)
        }
    }

    private mutating func action(failedAttempts: Int) -> PlannedSettlement.Action {
        switch random.number(1...20) {
        case 1...9: .result
        case 10...15: .park(milliseconds: Self.hour + Int64(random.number(0...10_000)), failedAttempts: failedAttempts)
        case 16...17: .release
        default: .deadLetter(hasResult: random.chance(50))
        }
    }
}

extension Step {
    /// The same call, answered.
    fileprivate var withoutLoss: Step {
        switch self {
        case .lease(let source, let limit, _): .lease(source: source, limit: limit, losesReply: false)
        case .renew(let source, let leases, _): .renew(source: source, leases: leases, losesReply: false)
        case .release(let source, let leases, _): .release(source: source, leases: leases, losesReply: false)
        case .settle(let sink, let batch, _): .settle(sink: sink, batch, losesReply: false)
        default: self
        }
    }

    /// Who calls.
    fileprivate var process: String {
        switch self {
        case .lease(let source, _, _), .renew(let source, _, _), .release(let source, _, _): "source \(source)"
        case .settle(let sink, _, _): "sink \(sink)"
        default: "nobody"
        }
    }
}
