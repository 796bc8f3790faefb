package import Queue

/// The kinds of queues the family knows; whether a program can serve one is its registry's business.
package enum QueueImplementation: String, Sendable, CaseIterable {
    case redisPubSub = "redis-pubsub"
    case redisSortedSet = "redis-sortedset"
    case googlePubSub = "gcp-pubsub"
    case sqlite

    /// What the names of result destinations stand for.
    package var resultSpace: ReservedNames.Space { self == .redisSortedSet ? .keys : .channels }

    var requestQueueDefault: String? {
        switch self {
        case .redisPubSub: "request-queue"
        case .redisSortedSet: "request-sortedset"
        case .googlePubSub: nil
        case .sqlite: "requests"
        }
    }

    var resultQueueDefault: String {
        switch self {
        case .redisPubSub: "result-queue"
        case .redisSortedSet: "result-list"
        case .googlePubSub, .sqlite: ""
        }
    }
}

/// Which queue is next when several have requests.
package enum RequestMergePolicy: String, Sendable, CaseIterable {
    case randomRobin = "random-robin"
}

/// How delays between attempts grow.
package enum BackoffKind: String, Sendable, CaseIterable {
    case exponential, fixed
}

/// How an answer's body stands in a result.
package enum ResultPayload: String, Sendable, CaseIterable {
    /// As a string.
    case text
    /// As the JSON value it is.
    case json
    case base64
}

/// How log lines look.
package enum LogFormat: String, Sendable, CaseIterable {
    case text, json
}
