import Processes
import Synchronization
import TestServers

/// The least a client can do for a request: pull it, publish its result, acknowledge it; a hundred at a time, on a few
/// connections with a thread each, and no gateway.
final class BareGooglePubSub: Sendable {
    static let connections = 4
    private let load: GooglePubSubLoad
    private let handled = Atomic(0)
    /// As long as what `emit` writes for an answer of nginx.
    private let result: [UInt8]

    init(_ load: GooglePubSubLoad) {
        self.load = load
        let answer = Nginx.answer.map { $0 == "\"" ? "\\\"" : String($0) }.joined()
        result = Array(#"{"id":"r0000000","status_code":200,"payload":"\#(answer)"}"#.utf8)
    }

    /// Deals with `total` requests; returns when all have been acknowledged.
    func run(_ total: Int) async throws {
        try await withThrowingDiscardingTaskGroup { group in
            for _ in 0..<Self.connections { group.addTask { try await onThread { try self.work(total) } } }
        }
    }

    private func work(_ total: Int) throws {
        let session = load.emulator.connect(limit: .seconds(30))
        var lastMoment = Monotonic.now
        while handled.load(ordering: .relaxed) < total {
            let deliveries = try session.pull(load.requests)
            if deliveries.isEmpty {
                guard Monotonic.now - lastMoment < 15_000_000_000 else {
                    throw ProcessFailure("no request for 15 s, \(handled.load(ordering: .relaxed)) of \(total) done")
                }
                Monotonic.sleep(milliseconds: 1)
                continue
            }
            lastMoment = Monotonic.now
            let results = deliveries.map { delivery in
                GooglePubSubMessage(
                    result, attributes: ["id": "r0000000", "status_code": "200", "pubsub-id": delivery.messageID])
            }
            try session.publish(results, to: load.results)
            try session.acknowledge(deliveries.map(\.ackID), of: load.requests)
            handled.wrappingAdd(deliveries.count, ordering: .relaxed)
        }
    }
}
