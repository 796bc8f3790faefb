package import Messages
package import Queue

/// Prepares a message for its attempt, or decides that it gets none.
///
/// The error of an invalid message travels in the envelope: dispatch passes it to emit without an attempt.
package struct Preparation: Sendable {
    package let limits: RequestLimits
    /// Leases of a request that may expire before it is assumed to be the cause (poison).
    package let maxDeliveries: Int
    /// Destinations that no result may go to.
    package var reserved: ReservedNames

    package init(
        limits: RequestLimits, maxDeliveries: Int, reserved: ReservedNames = ReservedNames(.channels)
    ) {
        self.limits = limits
        self.maxDeliveries = maxDeliveries
        self.reserved = reserved
    }

    /// - Parameter now: milliseconds since 1970.
    /// - Returns: what goes to dispatch, and the request's metadata, which does not.
    package func prepare(
        _ delivery: Delivery, from queue: QueueSettings, now: Int64
    ) -> (envelope: Envelope, metadata: [String: String]) {
        var metadata: [String: String] = [:]
        var envelope = Envelope(
            id: "", queue: queue.name, pool: queue.pool, receipt: delivery.receipt,
            resultDestination: queue.resultDestination ?? queue.defaultResultDestination,
            failedAttempts: delivery.failedAttempts, deliveries: delivery.deliveries, losses: delivery.deliveries,
            leasedAt: now, publishedAt: delivery.publishedAt)
        switch InboundRequest.decode(delivery.bytes, limits: limits) {
        case .undecodable(let reason): envelope.end(.deadLetter(reason: reason))
        case .invalid(let rejected):
            envelope.id = rejected.id
            envelope.isBase64 = rejected.isBase64
            envelope.route(rejected.routing, queue)
            envelope.end(.result(.failure(.invalidRequest, message: rejected.reason)))
        case .request(var request):
            if !delivery.attributes.isEmpty { request.metadata.merge(delivery.attributes) { $1 } }
            envelope.id = request.id
            envelope.isBase64 = request.isBase64
            envelope.deadline = request.deadline
            envelope.route(request.routing, queue)
            address(&envelope, request, queue)
            metadata = request.metadata
        }
        if delivery.isCancelled, !envelope.id.isEmpty {
            envelope.end(.result(.failure(.cancelled, message: "cancelled")))
        }
        checkSize(&envelope)
        checkDestination(&envelope, queue)
        checkDeliveries(&envelope)
        return (envelope, metadata)
    }

    /// The part of a message beside the payload has a limit, far above what any gateway accepts.
    private func checkSize(_ envelope: inout Envelope) {
        if envelope.resultDestination.utf8.count > RequestLimits.maxName {
            envelope.resultDestination = ""
            refuse(&envelope, "internal.result_queue_name")
        }
        if let token = envelope.requestToken, token.utf8.count > RequestLimits.maxName {
            envelope.requestToken = nil
            refuse(&envelope, "internal.request_token")
        }
        let headers = envelope.headers.reduce(envelope.url.utf8.count) { $0 + $1.name.utf8.count + $1.value.utf8.count }
        if headers > RequestLimits.maxHead {
            envelope.end(
                .result(
                    .failure(
                        .invalidRequest,
                        message: "headers and endpoint: \(headers) bytes, more than \(RequestLimits.maxHead)")))
        }
        if envelope.id.utf8.count > RequestLimits.maxName {
            envelope.id = ""
            envelope.end(.deadLetter(reason: "id: longer than \(RequestLimits.maxName) bytes"))
        }
        guard case .waiting = envelope.progress else {
            envelope.headers = []
            envelope.url = ""
            return
        }
    }

    /// A result among the requests would block all of them; the error goes to the queue's usual destination.
    private func checkDestination(_ envelope: inout Envelope, _ queue: QueueSettings) {
        let usual = queue.resultDestination ?? queue.defaultResultDestination
        guard envelope.resultDestination != usual, let problem = reserved.problem(envelope.resultDestination) else {
            return
        }
        envelope.resultDestination = usual
        if envelope.id.isEmpty { return }
        envelope.end(.result(.failure(.invalidRequest, message: "internal.result_queue_name: \(problem)")))
        envelope.headers = []
        envelope.url = ""
    }

    private func refuse(_ envelope: inout Envelope, _ field: String) {
        envelope.end(
            .result(
                .failure(.invalidRequest, message: "\(field): longer than \(RequestLimits.maxName) bytes")))
    }

    /// Sets the URL and the headers of the request, unless its deadline is over or one of them is invalid.
    private func address(_ envelope: inout Envelope, _ request: InboundRequest, _ queue: QueueSettings) {
        guard envelope.millisecondsLeft(at: envelope.leasedAt) > 0 else {
            return envelope.end(.result(.failure(.deadlineExceeded, message: "deadline exceeded")))
        }
        do {
            envelope.url = try url(for: request.endpoint, queue)
            envelope.headers = try RequestHeaders.merge(
                objective: queue.objective, message: request)
            envelope.payload = request.payload
            envelope.model = request.model ?? ""
        } catch {
            envelope.end(.result(.failure(.invalidRequest, message: error.reason)))
        }
    }

    private func url(for endpoint: String?, _ queue: QueueSettings) throws(InvalidRequest) -> String {
        if endpoint == nil, let url = queue.url { return url }
        return try queue.target.resolve(endpoint: endpoint)
    }

    private func checkDeliveries(_ envelope: inout Envelope) {
        guard envelope.deliveries > maxDeliveries else { return }
        envelope.end(
            .deadLetter(
                reason: "its lease expired \(envelope.deliveries) times, more than the \(maxDeliveries) allowed: "
                    + "whoever held it died or was cut off"))
    }
}

extension Envelope {
    /// Takes over the fields of a tagged envelope.
    ///
    /// An empty token counts as none. A result destination in the queue's settings has priority.
    fileprivate mutating func route(_ routing: Routing, _ queue: QueueSettings) {
        failedAttempts = max(failedAttempts, routing.retryCount)
        requestToken = routing.requestToken == "" ? nil : routing.requestToken
        if queue.resultDestination == nil, let destination = routing.resultQueueName, !destination.isEmpty {
            resultDestination = destination
        }
    }
}
