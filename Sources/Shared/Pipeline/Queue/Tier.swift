/// How much the requests of a queue matter beside those of others, as llm-d-async's labels say it.
package struct Tier: Sendable, Equatable {
    package enum Service: String, Sendable, CaseIterable {
        case interactive
        case async
        case batch
    }

    /// It has been promised, and is not above what was promised.
    package var isReserved: Bool
    package var service: Service

    package init(isReserved: Bool = false, service: Service = .batch) {
        self.isReserved = isReserved
        self.service = service
    }

    /// - Parameters:
    ///   - labels: of the queue.
    ///   - name: the label that names the service; `classification` tells whether it is reserved. What is missing or
    ///     unknown is `batch`, and not reserved.
    package init(_ labels: [String: String], label name: String) {
        self.init(
            isReserved: labels["classification"] == "reserved",
            service: labels[name].flatMap(Service.init) ?? .batch)
    }

    /// From 1, which comes first, to 6: reserved before others, then by service.
    package var rank: Int {
        1 + (isReserved ? 0 : Service.allCases.count) + (Service.allCases.firstIndex(of: service) ?? 0)
    }

    /// Ranks from 0 on; 0 is for queues without a tier.
    package static let ranks = 1 + 2 * Service.allCases.count
}
