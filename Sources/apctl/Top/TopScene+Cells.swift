import Settings

/// Figures as texts, for a row of a table, whoever shows it.
extension TopScene.Process {
    /// Stage, address, state, per second, held, oldest, room, again, core, memory, running.
    var cells: [String] {
        [
            id.stage.rawValue, id.address.onOneLine, condition.rawValue, Shown.rate(perSecond), Shown.count(held),
            oldest == 0 ? Shown.unknown : Shown.seconds(oldest), Shown.count(room), Shown.rate(sentAgain),
            Shown.percent(processor), Shown.bytes(memory),
            uptime.map { "\(TimeSpan(seconds: $0))" } ?? Shown.unknown,
        ]
    }

    /// Somebody has to look at it.
    var isSevere: Bool { [.silent, .notReady].contains(condition) }
}

extension TopScene.Queue {
    /// `12 s`, or `never` while nothing ends.
    var timeLeft: String {
        guard let eta else { return Shown.unknown }
        return eta == .infinity ? "never" : Shown.seconds(eta)
    }

    /// `119 of 16`: those that are needed, and those there are.
    func slotsText(of slots: Double?) -> String {
        slotsRequired.map { "\(Shown.count($0)) of \(Shown.count(slots))" } ?? Shown.unknown
    }
}

extension TopScene.Gateway {
    /// Gateway, queue, state, waiting, per second, again, mean, 95 % in.
    var cells: [String] {
        let within = mostWithin.map { $0 == .infinity ? "longer" : Shown.milliseconds($0) }
        return [
            origin.onOneLine, queue.onOneLine, state.words, Shown.count(held), Shown.rate(perSecond),
            Shown.percent(failedShare), Shown.milliseconds(mean), within ?? Shown.unknown,
        ]
    }
}
