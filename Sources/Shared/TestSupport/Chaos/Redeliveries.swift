/// When something may come again after faults.
struct Redeliveries: Sendable {
    private let times: [ClosedRange<Duration>]

    /// - Parameter time: from the end of each fault; `nil` for never.
    init(after disturbances: [Disturbance], for time: Duration?) {
        times = time.map { time in disturbances.map { $0.began...$0.ended + time } } ?? []
    }

    func contain(_ moment: Duration) -> Bool { times.contains { $0.contains(moment) } }

    /// Whether a queue may deliver again after a fault: where it may have kept an acknowledgement, or the extension of a
    /// lease, from arriving.
    ///
    /// A process that is asked to end gives back what it has not begun, and finishes the rest.
    static func canComeFrom(_ disturbance: Disturbance) -> Bool {
        if [.drained, .scaled].contains(disturbance.kind) || disturbance.road == .stages { return false }
        return disturbance.victims.isEmpty || disturbance.hits(.ingest) || disturbance.hits(.emit)
    }
}
