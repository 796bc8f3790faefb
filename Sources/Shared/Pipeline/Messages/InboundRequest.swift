/// One request as its producer wrote it, read and checked.
package struct InboundRequest: Sendable, Equatable {
    /// Never empty.
    package var id: String
    /// Unix seconds, above 0.
    package var deadline: Int64
    /// The request body: the very bytes of the payload object, or what its base64 stood for.
    package var payload: Bytes
    /// The model that the payload names; `nil`: none, or nothing that could be a name.
    package var model: String?
    /// The payload came as base64.
    package var isBase64: Bool
    /// Replaces the path of the gateway's URL; `nil` if absent or empty.
    package var endpoint: String?
    /// As written: order kept, names may repeat, nothing checked.
    package var headers: [HeaderField]
    package var metadata: [String: String]
    package var routing: Routing

    package init(
        id: String, deadline: Int64, payload: Bytes, model: String? = nil, isBase64: Bool = false,
        endpoint: String? = nil, headers: [HeaderField] = [], metadata: [String: String] = [:],
        routing: Routing = Routing()
    ) {
        self.id = id
        self.deadline = deadline
        self.payload = payload
        self.model = model
        self.isBase64 = isBase64
        self.endpoint = endpoint
        self.headers = headers
        self.metadata = metadata
        self.routing = routing
    }
}

/// What a tagged envelope says in `internal`; all of it empty for a flat message, but for the retry count.
package struct Routing: Sendable, Equatable {
    /// Attempts that have failed already; never negative.
    package var retryCount: Int
    /// Identifies this submission of the id (for cancellation).
    package var requestToken: String?
    /// Configured `id` of the queue of origin.
    package var queueID: String?
    package var requestQueueName: String?
    /// Where the producer wants the result.
    package var resultQueueName: String?
    package var labels: [String: String]

    package init(
        retryCount: Int = 0, requestToken: String? = nil, queueID: String? = nil, requestQueueName: String? = nil,
        resultQueueName: String? = nil, labels: [String: String] = [:]
    ) {
        self.retryCount = retryCount
        self.requestToken = requestToken
        self.queueID = queueID
        self.requestQueueName = requestQueueName
        self.resultQueueName = resultQueueName
        self.labels = labels
    }
}

/// What became of a message's bytes.
package enum DecodedRequest: Sendable, Equatable {
    case request(InboundRequest)
    /// It has an id, so its producer gets one `INVALID_REQUEST` result.
    case invalid(RejectedRequest)
    /// A dead letter: not JSON, not an object, no id or an empty one.
    case undecodable(reason: String)
}

/// A request that has an id, and something wrong.
package struct RejectedRequest: Sendable, Equatable {
    package var id: String
    /// For people: names the field and what was found in it.
    package var reason: String
    /// The payload came as base64, and so goes the answer.
    package var isBase64: Bool
    package var routing: Routing

    package init(id: String, reason: String, isBase64: Bool = false, routing: Routing = Routing()) {
        self.id = id
        self.reason = reason
        self.isBase64 = isBase64
        self.routing = routing
    }
}

/// How large a request may be.
package struct RequestLimits: Sendable, Equatable {
    /// Bytes of the body that would be sent.
    package var maxPayloadBytes: Int
    /// Bytes of the name of a model.
    package static let maxModel = 256
    /// Bytes of an id, a token or a destination: far more than anybody's, and few enough to travel beside a payload.
    package static let maxName = 64 << 10
    /// Bytes of the headers and the URL together.
    package static let maxHead = 1 << 20
    /// Quotas in tokens that one request is charged to, and bytes of the name of each.
    package static let maxCharges = 16
    package static let maxCharge = 4 << 10

    package init(maxPayloadBytes: Int = 64 << 20) { self.maxPayloadBytes = maxPayloadBytes }
}
