import Glibc

/// A run of bytes that may be part of a larger buffer, such as a payload inside the frame it came in.
package typealias Bytes = ArraySlice<UInt8>

/// What travels on a link: one request, and what has become of it so far.
///
/// `payload` is what the producer wrote and goes to the gateway byte for byte; nothing re-encodes it.
package struct Envelope: Sendable, Equatable {
    /// The producer's name for the request; unique only as far as the producer makes it so.
    ///
    /// Empty when the message could not be read.
    package var id: String
    /// Name of the queue it came from.
    package var queue: String
    /// Name of the pool in which it shares engines with others; empty: with all that asks its gateway for its model.
    package var pool: String
    /// From 1, which goes before others, to 6; 0: none goes before another.
    package var tier: Int
    /// The model that the payload names; empty: none, or nothing that could be a name.
    package var model: String
    /// Proof of the lease, in the words of the queue's adapter; what `emit` settles.
    package var receipt: Receipt
    /// Where the result goes: a list, a channel, a topic.
    ///
    /// Empty means the sink's default.
    package var resultDestination: String
    /// `internal.request_token` of the message, which its result repeats; `nil` if it has none.
    package var requestToken: String?
    /// Full URL of the attempt.
    package var url: String
    /// Headers of the attempt in the order they are sent, each name once.
    package var headers: [HeaderField]
    /// Unix seconds after which no attempt starts.
    package var deadline: Int64
    /// Attempts that have failed.
    package var failedAttempts: Int
    /// Leases of this request that expired before this one.
    package var deliveries: Int
    /// Processes that were lost while they held it (DESIGN 5, poison).
    package var losses: Int
    /// The producer wrote the payload as base64, and is answered in base64.
    package var isBase64: Bool
    /// When ingest leased it, milliseconds since 1970.
    package var leasedAt: Int64
    /// When it was put on its queue, as the queue tells, milliseconds since 1970; 0: not known.
    package var publishedAt: Int64
    /// The store that the lease is in, as ingest and emit know it; 0: not known, then nobody compares.
    package var store: UInt64
    /// Quotas in tokens that its answer is charged to, as the queue's gate names them.
    package var charges: [String]
    /// What the usage of its answer counts; none before it has one.
    package var tokens: TokenUsage
    /// The request body to POST.
    package var payload: Bytes
    /// What has become of it.
    package var progress: Progress

    package init(
        id: String, queue: String, pool: String = "", tier: Int = 0, model: String = "", receipt: Receipt,
        resultDestination: String = "", requestToken: String? = nil, url: String = "", headers: [HeaderField] = [],
        deadline: Int64 = 0, failedAttempts: Int = 0, deliveries: Int = 0, losses: Int = 0, isBase64: Bool = false,
        leasedAt: Int64 = 0, publishedAt: Int64 = 0, store: UInt64 = 0, charges: [String] = [],
        tokens: TokenUsage = TokenUsage(),
        payload: Bytes = [], progress: Progress = .waiting
    ) {
        self.id = id
        self.queue = queue
        self.pool = pool
        self.tier = tier
        self.model = model
        self.receipt = receipt
        self.resultDestination = resultDestination
        self.requestToken = requestToken
        self.url = url
        self.headers = headers
        self.deadline = deadline
        self.failedAttempts = failedAttempts
        self.deliveries = deliveries
        self.losses = losses
        self.isBase64 = isBase64
        self.leasedAt = leasedAt
        self.publishedAt = publishedAt
        self.store = store
        self.charges = charges
        self.tokens = tokens
        self.payload = payload
        self.progress = progress
    }
}

/// Tokens that an answer says it took.
package struct TokenUsage: Sendable, Equatable {
    package var prompt: Int
    package var completion: Int

    package init(prompt: Int = 0, completion: Int = 0) {
        self.prompt = prompt
        self.completion = completion
    }
}

/// How far a request has come.
package enum Progress: Sendable, Equatable {
    /// No attempt has been made since it was leased.
    case waiting
    /// An attempt failed; `retry` decides what follows.
    case failed(FailedAttempt)
    /// It is decided how this lease ends; `emit` tells the queue.
    case ended(Ending)
}

/// One attempt that may be worth repeating.
package struct FailedAttempt: Sendable, Equatable {
    /// The HTTP status, `nil` when no (whole) answer came.
    package var statusCode: Int?
    /// The body of the answer; empty without one.
    package var body: Bytes
    /// For people: what was tried and what came back.
    package var reason: String
    /// What the gateway's `Retry-After` asked for, in milliseconds from the answer.
    package var retryAfterMilliseconds: Int64?
    /// The gateway has not looked at the request: there was no connection, or it refuses this deployment's token.
    ///
    /// Dispatch pauses for all of that gateway's.
    package var isUnreached: Bool
    /// The gateway has broken it off to make room for another: it may be tried again at once.
    package var isEvicted: Bool

    package init(
        statusCode: Int?, body: Bytes, reason: String, retryAfterMilliseconds: Int64? = nil, isUnreached: Bool = false,
        isEvicted: Bool = false
    ) {
        self.statusCode = statusCode
        self.body = body
        self.reason = reason
        self.retryAfterMilliseconds = retryAfterMilliseconds
        self.isUnreached = isUnreached
        self.isEvicted = isEvicted
    }
}

/// How a lease ends.
package enum Ending: Sendable, Equatable {
    /// With a result for the producer.
    case result(Result)
    /// Put back, not before `afterMilliseconds` have passed on the queue's clock. The attempt that failed is counted
    /// in `Envelope.failedAttempts` already.
    case parked(afterMilliseconds: Int64)
    /// Given back untouched, available at once.
    case released
    /// Kept aside for an operator, with the reason; the producer gets a `DEAD_LETTER` result if the request has an id.
    case deadLetter(reason: String)
}

extension Ending {
    /// What the gateway answered, or why there is no answer.
    package enum Result: Sendable, Equatable {
        case answer(statusCode: Int, body: Bytes)
        case failure(ErrorCode, message: String)
    }
}

/// Codes of results without an HTTP answer.
package enum ErrorCode: String, Sendable, CaseIterable {
    case deadlineExceeded = "DEADLINE_EXCEEDED"
    case invalidRequest = "INVALID_REQUEST"
    case inferenceError = "INFERENCE_ERROR"
    case cancelled = "CANCELLED"
    case gateDropped = "GATE_DROPPED"
    case gateError = "GATE_ERROR"
    case attemptsExhausted = "ATTEMPTS_EXHAUSTED"
    case deadLetter = "DEAD_LETTER"
}

/// One HTTP header.
package struct HeaderField: Sendable, Hashable {
    package var name: String
    package var value: String

    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }

    package static func == (one: HeaderField, other: HeaderField) -> Bool {
        ExactText(one.name) == ExactText(other.name) && ExactText(one.value) == ExactText(other.value)
    }

    package func hash(into hasher: inout Hasher) {
        ExactText(name).hash(into: &hasher)
        ExactText(value).hash(into: &hasher)
    }
}

/// Opaque proof of one lease.
///
/// A receipt settles at most once.
///
/// Only the adapter that made it (its source in ingest, its sink in emit) looks inside.
package struct Receipt: Sendable, Hashable {
    package var bytes: [UInt8]

    package init(_ bytes: [UInt8]) { self.bytes = bytes }
    package init(_ text: String) { self.bytes = Array(text.utf8) }

    /// The receipt as text; adapters that write text read it back.
    package var text: String { String(decoding: bytes, as: UTF8.self) }

    // Written out because an array compares and hashes byte by byte: a quarter of emit's time with long receipts.

    package static func == (one: Receipt, other: Receipt) -> Bool {
        one.bytes.withUnsafeBytes { one in
            other.bytes.withUnsafeBytes { other in
                guard one.count == other.count else { return false }
                guard let first = one.baseAddress, let second = other.baseAddress else { return true }
                return memcmp(first, second, one.count) == 0
            }
        }
    }

    package func hash(into hasher: inout Hasher) {
        bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
    }
}
