import Queue

extension Forecast {
    /// Of a queue in order of arrival, from some requests that were drawn evenly over it.
    ///
    /// Each stands for as many as the others. What is late when its turn comes takes no slot.
    static func ofDrawn(
        _ drawn: [DrawnRequest], waiting: Int?, ahead: Int, perSecond: Double?, secondsEach: Double?
    ) -> (atRisk: Int?, slotsRequired: Int?) {
        guard let waiting else { return (nil, nil) }
        if waiting == 0 { return (0, 0) }
        if drawn.isEmpty { return (nil, nil) }
        let each = Double(waiting) / Double(drawn.count)
        let drawn = drawn.sorted { $0.place < $1.place }
        let atRisk = perSecond.map { Int(missed(drawn, each, ahead: Double(ahead), $0).rounded()) }
        let slots = secondsEach.map { Int(needed(drawn, each, ahead: Double(ahead), $0).rounded(.up)) }
        return (atRisk, slots)
    }

    /// Requests that are late now.
    static func lateOfDrawn(_ drawn: [DrawnRequest], waiting: Int) -> Int {
        drawn.isEmpty ? 0 : waiting * drawn.count { $0.left <= 0 } / drawn.count
    }

    private static func missed(_ drawn: [DrawnRequest], _ each: Double, ahead: Double, _ perSecond: Double) -> Double {
        var (before, missed) = (ahead, 0.0)
        for request in drawn {
            // The middle of those that it stands for.
            if request.left <= 0 || request.left * perSecond < before + each / 2 {
                missed += each
            } else {
                before += each
            }
        }
        return missed
    }

    private static func needed(_ drawn: [DrawnRequest], _ each: Double, ahead: Double, _ seconds: Double) -> Double {
        var (before, needed) = (ahead, 0.0)
        for request in drawn where request.left > 0 {
            before += each
            needed = max(needed, before * seconds / max(request.left, seconds))
        }
        return needed
    }
}
