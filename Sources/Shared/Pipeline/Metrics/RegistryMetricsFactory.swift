package import CoreMetrics

/// Lets libraries that report to swift-metrics report to a registry.
///
/// Names are made valid (`http.requests` becomes `http_requests`); a name that is taken by another type is measured
/// and not shown, because a library must not stop the process. Timers are histograms in seconds.
package struct RegistryMetricsFactory: MetricsFactory {
    private let registry: MetricsRegistry

    package init(registry: MetricsRegistry) { self.registry = registry }

    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        make(.counter, label, dimensions) { CounterAdapter(Counter(name: $0, labels: $1)) }
    }

    package func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
        if aggregate {
            return make(.histogram, label, dimensions) { name, labels in
                HistogramAdapter(Histogram(name: name, labels: labels, limits: Self.limits))
            }
        }
        return make(.gauge, label, dimensions) { GaugeAdapter(Gauge(name: $0, labels: $1)) }
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        make(.gauge, label, dimensions) { GaugeAdapter(Gauge(name: $0, labels: $1)) }
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        make(.histogram, label + "_seconds", dimensions) { name, labels in
            HistogramAdapter(Histogram(name: name, labels: labels, limits: Self.limits))
        }
    }

    // Series are few and stay until the process ends; a library that makes one again goes on with the old numbers.
    package func destroyCounter(_ handler: any CounterHandler) {}
    package func destroyRecorder(_ handler: any RecorderHandler) {}
    package func destroyMeter(_ handler: any MeterHandler) {}
    package func destroyTimer(_ handler: any TimerHandler) {}

    private static let limits: [Double] = [
        0.000_1, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300,
    ]

    private func make<Adapter: Series>(
        _ kind: MetricsRegistry.Kind, _ label: String, _ dimensions: [(String, String)],
        adapter: (String, Labels) -> Adapter
    ) -> Adapter {
        let name = validName(label)
        let labels = Labels(dimensions.map { (validName($0.0), $0.1) })
        let known = registry.insert(kind, name, "Reported by a library.", labels, replacing: false) {
            adapter(name, labels)
        }
        return known as? Adapter ?? adapter(name, labels)
    }
}

/// `label` with everything that no name may contain replaced by `_`.
private func validName(_ label: String) -> String {
    var bytes = label.utf8.map { isDigit($0) || isLetter($0) ? $0 : UInt8(ascii: "_") }
    if bytes.first.map(isDigit) ?? true { bytes.insert(UInt8(ascii: "_"), at: 0) }
    return String(decoding: bytes, as: UTF8.self)
}

private final class CounterAdapter: CounterHandler, Series {
    private let counter: Counter
    init(_ counter: Counter) { self.counter = counter }
    func increment(by amount: Int64) { counter.increment(by: Int(max(0, amount))) }
    func reset() { counter.reset() }
    func emit(into buffer: inout [UInt8]) { counter.emit(into: &buffer) }
}

private final class GaugeAdapter: RecorderHandler, MeterHandler, Series {
    private let gauge: Gauge
    init(_ gauge: Gauge) { self.gauge = gauge }
    func record(_ value: Int64) { gauge.set(Double(value)) }
    func record(_ value: Double) { gauge.set(value) }
    func set(_ value: Int64) { gauge.set(Double(value)) }
    func set(_ value: Double) { gauge.set(value) }
    func increment(by amount: Double) { gauge.add(amount) }
    func decrement(by amount: Double) { gauge.add(-amount) }
    func emit(into buffer: inout [UInt8]) { gauge.emit(into: &buffer) }
}

private final class HistogramAdapter: RecorderHandler, TimerHandler, Series {
    private let histogram: Histogram
    init(_ histogram: Histogram) { self.histogram = histogram }
    func record(_ value: Int64) { histogram.observe(Double(value)) }
    func record(_ value: Double) { histogram.observe(value) }
    func recordNanoseconds(_ duration: Int64) { histogram.observe(Double(duration) / 1e9) }
    func emit(into buffer: inout [UInt8]) { histogram.emit(into: &buffer) }
}
