/// How many results there were when.
package struct ResultCurve: Sendable, Equatable {
    package struct Point: Sendable, Equatable {
        /// Nanoseconds.
        package var time: Int64
        package var count: Int

        package init(time: Int64, count: Int) {
            self.time = time
            self.count = count
        }
    }

    package private(set) var points: [Point] = []

    package init(_ points: [Point] = []) { self.points = points }

    package mutating func add(_ point: Point) { points.append(point) }

    /// Results per second from the first that was seen to the last.
    package var rate: Double? {
        guard let first = points.first(where: { $0.count > 0 }), let last = points.last else { return nil }
        return Self.rate(first, points.first { $0.count == last.count } ?? last)
    }

    /// Results per second over whole turns of `places` requests that are answered in the same rhythm again and again.
    ///
    /// Results come in bursts when all places are filled at once, so that a stretch of any other length begins and ends
    /// somewhere in a burst.
    /// - Parameters:
    ///   - warmUp: results to leave out at the start.
    ///   - tail: results to leave out at the end, when there is no longer work for every place.
    package func rate(turnsOf places: Int, warmUp: Int, tail: Int) -> Double? {
        guard let total = points.last?.count, let first = points.first(where: { $0.count >= max(1, warmUp) }) else {
            return nil
        }
        let turns = (total - tail - first.count) / places
        guard turns > 0, let last = points.first(where: { $0.count >= first.count + turns * places }) else {
            return nil
        }
        return Self.rate(first, Point(time: last.time, count: first.count + turns * places))
    }

    private static func rate(_ first: Point, _ last: Point) -> Double? {
        guard last.time > first.time else { return nil }
        return Double(last.count - first.count) / (Double(last.time - first.time) / 1e9)
    }
}
