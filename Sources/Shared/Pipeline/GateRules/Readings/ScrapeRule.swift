package import Messages

/// What pages of metrics mean for `endpoint-scrape`.
package struct ScrapeRule: Sendable, Equatable {
    package let settings: EndpointScrapeSettings

    package init(_ settings: EndpointScrapeSettings) { self.settings = settings }

    /// The free part, or for `admission: counted` the number of free places.
    ///
    /// - Parameters:
    ///   - page: of `url`.
    ///   - pods: of `pods_url`, where there is one.
    package func reading(page: Bytes, pods: Bytes?) -> GateReading {
        let number: Double
        switch MetricsPage.find(settings.metric, labels: settings.labels, in: page) {
        case .value(let value): number = value
        case .noMetric:
            guard let absent = settings.absentValue else {
                return .missing(reason: "the page has no metric \(settings.metric)")
            }
            number = absent
        case .noSample: return .missing(reason: "the page has no \(settings.metric) with the labels asked for")
        case .wrong(let reason): return .missing(reason: reason)
        }
        guard number.isFinite else { return .missing(reason: "\(settings.metric) is \(number)") }
        switch count(of: pods) {
        case .failure(let missing): return .missing(reason: missing.reason)
        case .success(let count): return reading(number, capacity: settings.maxCountPerPod * count)
        }
    }

    private func reading(_ number: Double, capacity: Double) -> GateReading {
        let known = capacity > 0 ? capacity : nil
        if settings.admission == .counted {
            return .value(max(0, capacity - number), capacity: known, from: "free places by \(settings.metric)")
        }
        let part = min(1, max(0, known.map { number / $0 } ?? number))
        let free = settings.valueType == .budget ? part : 1 - part
        return .value(free, capacity: known, from: settings.metric)
    }

    private struct Missing: Error { let reason: String }

    private func count(of page: Bytes?) -> Result<Double, Missing> {
        guard let pods = settings.pods else { return .success(1) }
        let place = "the page for the number of pods"
        switch MetricsPage.find(pods.metric, labels: pods.labels, in: page ?? []) {
        case .value(let count) where count.isFinite && count > 0: return .success(count)
        case .value(let count): return .failure(Missing(reason: "\(pods.metric) is \(count): no pod is ready"))
        case .noMetric: return .failure(Missing(reason: "\(place) has no metric \(pods.metric)"))
        case .noSample: return .failure(Missing(reason: "\(place) has no \(pods.metric) with the labels asked for"))
        case .wrong(let reason): return .failure(Missing(reason: reason))
        }
    }
}
