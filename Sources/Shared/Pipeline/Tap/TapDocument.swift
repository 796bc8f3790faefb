import Loop
import Messages
import Primitives

/// Writes a copy as one JSON object on one line, without a line break at its end.
///
///     {"copy":7,"time":1764045130123,"stage":"dispatch","direction":"in","link":"ingest-dispatch",…
///
/// The fields stand in `docs/operations.md`.
struct TapDocument {
    /// Of a payload, at most so many bytes: with the thousand copies that wait for a slow subscriber, that bounds memory.
    static let maxPayload = 64 << 10
    private static let maxHeaders = 64

    let stage: String
    let showsPayloads: Bool

    /// - Parameter number: which copy of this process it is, from 1.
    func encode(_ copy: TapCopy, number: Int) -> [UInt8] {
        let envelope = copy.envelope
        var fields = TapFields()
        fields.add("copy", number)
        fields.add("time", copy.time.milliseconds)
        fields.add("stage", stage)
        fields.add("direction", copy.direction.rawValue)
        fields.add("link", copy.link)
        if let peer = copy.peer { fields.add("peer", peer) }
        if let place = copy.place {
            fields.add("session", String(place.session, radix: 16))
            fields.add("number", place.number)
        }
        fields.add("queue", envelope.queue)
        fields.add("id", envelope.id)
        add(envelope.progress, to: &fields)
        if let answer = copy.answer { fields.add("queue_said", answer) }
        addRequest(envelope, to: &fields)
        addPayloads(envelope, to: &fields)
        return fields.finished()
    }

    private func addRequest(_ envelope: Envelope, to fields: inout TapFields) {
        fields.add("failed_attempts", envelope.failedAttempts)
        fields.add("deliveries", envelope.deliveries)
        fields.add("losses", envelope.losses)
        fields.add("deadline", envelope.deadline)
        fields.add("leased_at", envelope.leasedAt)
        fields.add("url", redacted(envelope.url))
        fields.add("result_destination", envelope.resultDestination)
        if let parent = envelope.headers.first(where: { $0.isNamed("traceparent") }) {
            fields.add("traceparent", parent.value)
        }
        fields.add("headers", Array(envelope.headers.prefix(Self.maxHeaders)))
        if envelope.headers.count > Self.maxHeaders {
            fields.add("headers_left_out", envelope.headers.count - Self.maxHeaders)
        }
    }

    private func add(_ progress: Progress, to fields: inout TapFields) {
        switch progress {
        case .waiting: fields.add("progress", "waiting")
        case .failed(let attempt):
            fields.add("progress", "failed")
            if let status = attempt.statusCode { fields.add("status", status) }
            fields.add("reason", attempt.reason)
            if let time = attempt.retryAfterMilliseconds { fields.add("retry_after_ms", time) }
        case .ended(.result(.answer(let status, _))):
            fields.add("progress", "result")
            fields.add("status", status)
        case .ended(.result(.failure(let code, let message))):
            fields.add("progress", "error")
            fields.add("error_code", code.rawValue)
            fields.add("reason", message)
        case .ended(.parked(let delay)):
            fields.add("progress", "parked")
            fields.add("after_ms", delay)
        case .ended(.released): fields.add("progress", "released")
        case .ended(.deadLetter(let reason)):
            fields.add("progress", "dead_letter")
            fields.add("reason", reason)
        }
    }

    private func addPayloads(_ envelope: Envelope, to fields: inout TapFields) {
        let answer = envelope.progress.answer
        fields.add("payload_bytes", envelope.payload.count)
        fields.add("answer_bytes", answer.count)
        guard showsPayloads else { return }
        if !envelope.payload.isEmpty { fields.add(payload: "payload", envelope.payload, limit: Self.maxPayload) }
        if !answer.isEmpty { fields.add(payload: "answer", answer, limit: Self.maxPayload) }
    }
}

extension Progress {
    /// What the gateway wrote; empty where it wrote nothing or was not asked.
    fileprivate var answer: Bytes {
        switch self {
        case .failed(let attempt): attempt.body
        case .ended(.result(.answer(_, let body))): body
        case .waiting, .ended: []
        }
    }
}
