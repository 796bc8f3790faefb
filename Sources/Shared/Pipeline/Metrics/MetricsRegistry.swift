import Synchronization

/// Everything a process counts, and its text for Prometheus.
///
/// Whoever counts asks once for a handle and keeps it; asking again with the same name and labels gives the same
/// handle. A name has one type and one help text: asking for it as another type is a mistake of the program.
package final class MetricsRegistry: Sendable {
    enum Kind: String { case counter, gauge, histogram }

    private struct Family {
        let kind: Kind
        let help: String
        /// By rendered labels, so that the text has the same order every time.
        var series: [String: any Series] = [:]
    }

    private let families = Mutex<[String: Family]>([:])

    package init() {}

    package func counter(_ name: String, help: String, labels: [(String, String)] = []) -> Counter {
        let labels = Labels(labels)
        return obtain(.counter, name, help, labels) { Counter(name: name, labels: labels) }
    }

    package func gauge(_ name: String, help: String, labels: [(String, String)] = []) -> Gauge {
        let labels = Labels(labels)
        return obtain(.gauge, name, help, labels) { Gauge(name: name, labels: labels) }
    }

    /// A gauge whose value is asked for on each scrape, on whatever thread serves it: `read` must not wait.
    ///
    /// Given again, the newer `read` takes the place of the older.
    package func gauge(
        _ name: String, help: String, labels: [(String, String)] = [], read: @escaping @Sendable () -> Double
    ) {
        let labels = Labels(labels)
        let series = ReadSeries(line: labels.sampleStart(of: name), read: read)
        let known = insert(.gauge, name, help, labels, replacing: true) { series }
        precondition(known != nil, "\(name) is not a gauge")
    }

    /// A counter that somebody else keeps; otherwise as the gauge above.
    package func counter(
        _ name: String, help: String, labels: [(String, String)] = [], read: @escaping @Sendable () -> Double
    ) {
        let labels = Labels(labels)
        let series = ReadSeries(line: labels.sampleStart(of: name), read: read)
        let known = insert(.counter, name, help, labels, replacing: true) { series }
        precondition(known != nil, "\(name) is not a counter")
    }

    /// - Parameter limits: Upper limits of the buckets, inclusive, ascending, without infinity.
    package func histogram(
        _ name: String, help: String, labels: [(String, String)] = [], limits: [Double]
    ) -> Histogram {
        let labels = Labels(labels)
        return obtain(.histogram, name, help, labels) { Histogram(name: name, labels: labels, limits: limits) }
    }

    /// - Parameter limits: as above.
    package func snapshotHistogram(
        _ name: String, help: String, labels: [(String, String)] = [], limits: [Double]
    ) -> SnapshotHistogram {
        let labels = Labels(labels)
        return obtain(.histogram, name, help, labels) { SnapshotHistogram(name: name, labels: labels, limits: limits) }
    }

    /// Forgets one series, such as that of a peer that has gone.
    ///
    /// Handles to it go on working, unseen.
    package func remove(_ name: String, labels: [(String, String)] = []) {
        let key = Labels(labels).rendered
        families.withLock { families in
            families[name]?.series[key] = nil
            if families[name]?.series.isEmpty == true { families[name] = nil }
        }
    }

    /// Appends everything in the text format 0.0.4, families by name, series by labels.
    package func emit(into buffer: inout [UInt8]) {
        // Copied first: a gauge that is read may take another lock.
        let families = families.withLock { $0 }
        for (name, family) in families.sorted(by: { $0.key < $1.key }) {
            buffer.append(contentsOf: "# HELP \(name) \(escaped(family.help, quotes: false))\n".utf8)
            buffer.append(contentsOf: "# TYPE \(name) \(family.kind.rawValue)\n".utf8)
            for (_, series) in family.series.sorted(by: { $0.key < $1.key }) {
                series.emit(into: &buffer)
            }
        }
    }

    private func obtain<Handle: Series>(
        _ kind: Kind, _ name: String, _ help: String, _ labels: Labels, make: () -> Handle
    ) -> Handle {
        guard let handle = insert(kind, name, help, labels, replacing: false, make: make) as? Handle else {
            preconditionFailure("\(name) is registered as something else than a \(kind)")
        }
        return handle
    }

    /// The series of that name and those labels, made if there is none; `nil` if the name has another kind.
    func insert(
        _ kind: Kind, _ name: String, _ help: String, _ labels: Labels, replacing: Bool, make: () -> any Series
    ) -> (any Series)? {
        precondition(isMetricName(name), "\(name) is not a metric name")
        let key = labels.rendered
        return families.withLock { families in
            guard families[name, default: Family(kind: kind, help: help)].kind == kind else { return nil }
            if !replacing, let series = families[name]?.series[key] { return series }
            let series = make()
            families[name, default: Family(kind: kind, help: help)].series[key] = series
            return series
        }
    }
}
