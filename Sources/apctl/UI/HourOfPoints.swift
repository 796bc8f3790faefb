/// What graphs of the last hour show: a point for each five seconds, a few figures for each queue.
struct HourOfPoints {
    /// What is drawn, in the order in which the page is told.
    enum Figure: Int, CaseIterable {
        /// Requests that ended each second, and attempts that failed each second.
        case ended, failed
        /// Requests.
        case waiting, parked, inStages, atRisk
    }

    /// One for each case of `Figure`; `nil`: not known.
    typealias Figures = [Double?]

    struct Point: Encodable, Equatable, Sendable {
        /// Counts from 1.
        var number: Int
        /// Milliseconds since 1970.
        var time: Int64
        /// Of all queues together.
        var all: Figures
        var queues: [String: Figures]
    }

    /// Seconds.
    static let distance = 5.0
    static let most = 720

    private(set) var points: [Point] = []
    private var graphed = GraphedQueues()
    /// What has been seen since the last point.
    private var pending: [(all: Figures, queues: [String: Figures])] = []
    private var next: Double?

    /// - Parameters:
    ///   - time: Seconds on a clock that only goes forward.
    ///   - wallClock: Milliseconds since 1970.
    mutating func take(_ scene: TopScene, at time: Double, wallClock: Int64) {
        // The same for all of a point.
        if pending.isEmpty { graphed.choose(among: scene.queues) }
        let queues = scene.queues.filter { graphed.names.contains($0.name) }.map { ($0.name, Self.figures(of: $0)) }
        pending.append((Self.figures(of: scene), Dictionary(queues) { first, _ in first }))
        guard let next else {
            self.next = time + Self.distance
            return
        }
        if time < next { return }
        // After a pause they do not come in a crowd.
        self.next = (time < next + Self.distance ? next : time) + Self.distance
        let number = (points.last?.number ?? 0) + 1
        let known = Set(pending.flatMap(\.queues.keys))
        points.append(
            Point(
                number: number, time: wallClock, all: Self.mean(pending.map(\.all)),
                queues: known.reduce(into: [:]) { means, name in
                    means[name] = Self.mean(pending.compactMap { $0.queues[name] })
                }))
        if points.count > Self.most { points.removeFirst(points.count - Self.most) }
        pending = []
    }

    /// Those that come after the one with this number.
    func after(_ number: Int) -> [Point] { points.filter { $0.number > number } }

    private static func figures(of queue: TopScene.Queue) -> Figures {
        [queue.perSecond, nil, queue.waiting, queue.parked, queue.inStages, queue.atRisk]
    }

    private static func figures(of scene: TopScene) -> Figures {
        func sum(_ part: (TopScene.Queue) -> Double?) -> Double? { scene.queues.compactMap(part).nonEmptySum }
        return [
            sum(\.perSecond), scene.flow.rates[.failures], sum(\.waiting), sum(\.parked), sum { $0.inStages },
            sum(\.atRisk),
        ]
    }

    /// Of each figure, over those that are known; finite, since numbers of others may be anything.
    private static func mean(_ all: [Figures]) -> Figures {
        Figure.allCases.map { figure in
            let values = all.compactMap { $0[figure.rawValue] }.filter { $0.isFinite && abs($0) < 1e15 }
            guard !values.isEmpty else { return nil }
            return (values.reduce(0, +) / Double(values.count) * 1000).rounded() / 1000
        }
    }
}
