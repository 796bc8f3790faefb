/// How long the attempts of a queue took that ended in some time, as far as a histogram tells.
struct AttemptTimes: Equatable {
    /// How many took at most so long, by milliseconds; the last limit is infinite.
    private var counts: [Double: Double] = [:]
    private var milliseconds = 0.0

    /// What several processes have counted, by queue.
    static func byQueue(_ intervals: [StageInterval]) -> [String: AttemptTimes] {
        var times: [String: AttemptTimes] = [:]
        for interval in intervals {
            for (labels, count) in interval.growth(.latencyBucket, by: ["queue_name", "le"]) {
                guard let limit = labels[1] == "+Inf" ? Double.infinity : Double(labels[1]) else { continue }
                times[labels[0], default: AttemptTimes()].counts[limit, default: 0] += count
            }
            for (labels, sum) in interval.growth(.latencySum, by: ["queue_name"]) {
                times[labels[0], default: AttemptTimes()].milliseconds += sum
            }
        }
        return times
    }

    /// Milliseconds; `nil` when none has ended.
    var mean: Double? { count > 0 ? milliseconds / count : nil }

    /// Milliseconds within which this share of them ended: one of the histogram's limits, infinite above the last one.
    func limit(of share: Double) -> Double? {
        guard count > 0 else { return nil }
        return counts.keys.sorted().first { counts[$0, default: 0] >= share * count }
    }

    private var count: Double { counts[.infinity] ?? 0 }
}
