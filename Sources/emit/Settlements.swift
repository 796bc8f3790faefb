import Messages
import Queue

/// Turns the pipeline's decisions into settlements for the queue.
struct Settlements: Sendable {
    let encoder: ResultEncoder

    /// Replaces a result that is larger than `limit` bytes as JSON by an error that says so.
    ///
    /// - Returns: its approximate size in bytes.
    func fit(_ envelope: inout Envelope, into limit: Int) -> Int {
        guard case .ended(let ending) = envelope.progress else { return 0 }
        switch ending {
        case .parked, .released: return 0
        case .deadLetter(let reason): return 4 * reason.utf8.count
        case .result(let result):
            let size = encoder.size(
                id: envelope.id, token: envelope.requestToken, result, isBase64: envelope.isBase64)
            guard size > limit, case .answer = result else { return size }
            let message = "the result has \(size) bytes as JSON, \(limit) are taken"
            envelope.end(.result(.failure(.inferenceError, message: message)))
            return message.utf8.count
        }
    }

    func settlement(of envelope: Envelope) -> Settlement {
        var settlement = Settlement(
            receipt: envelope.receipt, queue: envelope.queue, destination: envelope.resultDestination, id: envelope.id,
            action: action(for: envelope))
        switch envelope.progress {
        case .ended(.result(.answer(let code, _))): settlement.statusCode = code
        case .ended(.result(.failure(let code, _))): settlement.errorCode = code
        default: break
        }
        settlement.requestToken = envelope.requestToken
        settlement.mayBeRepeated = envelope.losses > 0
        settlement.leasedAt = envelope.leasedAt
        settlement.store = envelope.store
        settlement.traceParent = envelope.headers.first { $0.isNamed("traceparent") }?.value
        return settlement
    }

    private func action(for envelope: Envelope) -> Settlement.Action {
        switch envelope.progress {
        case .ended(.result(let result)): .result(encode(result, for: envelope))
        case .ended(.parked(let delay)): .park(afterMilliseconds: delay, failedAttempts: envelope.failedAttempts)
        case .ended(.released): .release
        case .ended(.deadLetter(let reason)):
            .deadLetter(
                reason: reason,
                result: envelope.id.isEmpty ? nil : encode(.failure(.deadLetter, message: reason), for: envelope))
        // No other progress is sent here; if it is, another attempt is the harmless choice.
        case .waiting, .failed: .release
        }
    }

    private func encode(_ result: Ending.Result, for envelope: Envelope) -> Bytes {
        encoder.encode(id: envelope.id, token: envelope.requestToken, result, isBase64: envelope.isBase64)[...]
    }
}
