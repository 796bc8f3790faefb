import Messages
import SwiftProtobuf

import struct Foundation.Data

@testable import Wire

/// The headers of messages as the generated code writes and reads them: what `MessageHeaderWriter` and
/// `MessageHeaderReader` are held against.
extension WireMessageHeader {
    init(_ envelope: Envelope) {
        self.init()
        payloadLength = UInt64(envelope.payload.count)
        id = envelope.id
        queue = envelope.queue
        pool = envelope.pool
        tier = UInt32(clamped(envelope.tier, WireRange.tier))
        receipt = Data(envelope.receipt.bytes)
        resultDestination = envelope.resultDestination
        url = envelope.url
        headers.reserveCapacity(envelope.headers.count * 2)
        for field in envelope.headers {
            headers.append(field.name)
            headers.append(field.value)
        }
        deadline = clamped(envelope.deadline, WireRange.unixSeconds)
        failedAttempts = UInt32(clamped(envelope.failedAttempts, WireRange.count))
        deliveries = UInt32(clamped(envelope.deliveries, WireRange.count))
        isBase64 = envelope.isBase64
        if let token = envelope.requestToken { requestToken = token }
        leasedAt = clamped(envelope.leasedAt, WireRange.unixMilliseconds)
        publishedAt = clamped(envelope.publishedAt, WireRange.unixMilliseconds)
        store = envelope.store
        model = envelope.model
        charges = envelope.charges
        promptTokens = UInt64(clamped(envelope.tokens.prompt, WireRange.tokens))
        completionTokens = UInt64(clamped(envelope.tokens.completion, WireRange.tokens))
        progress = OneOf_Progress(envelope.progress)
    }

    func envelope(payload: Bytes, body: Bytes) throws(WireError) -> Envelope {
        guard headers.count.isMultiple(of: 2) else { throw .field("headers") }
        let fields = stride(from: 0, to: headers.count, by: 2).map { HeaderField(headers[$0], headers[$0 + 1]) }
        return Envelope(
            id: id, queue: queue, pool: pool, tier: Int(tier), model: model, receipt: Receipt([UInt8](receipt)),
            resultDestination: resultDestination,
            requestToken: hasRequestToken ? requestToken : nil, url: url, headers: fields, deadline: deadline,
            failedAttempts: Int(failedAttempts), deliveries: Int(deliveries),
            losses: Int(losses), isBase64: isBase64, leasedAt: leasedAt, publishedAt: publishedAt, store: store,
            charges: charges,
            tokens: TokenUsage(prompt: Int(promptTokens), completion: Int(completionTokens)), payload: payload,
            progress: try decodedProgress(body: body))
    }

    private func decodedProgress(body: Bytes) throws(WireError) -> Progress {
        switch progress {
        case nil: return .waiting
        case .failed(let attempt): return .failed(attempt.decoded(body: body))
        case .answer(let answer): return .ended(.result(.answer(statusCode: Int(answer.statusCode), body: body)))
        case .failure(let failure):
            guard let code = ErrorCode(failure.code) else { throw .field("failure.code") }
            return .ended(.result(.failure(code, message: failure.message)))
        case .parkedAfter(let milliseconds): return .ended(.parked(afterMilliseconds: milliseconds))
        case .released: return .ended(.released)
        case .deadLetter(let reason): return .ended(.deadLetter(reason: reason))
        }
    }
}

extension WireMessageHeader.OneOf_Progress {
    init?(_ progress: Progress) {
        switch progress {
        case .waiting: return nil
        case .failed(let attempt): self = .failed(WireFailedAttempt(attempt))
        case .ended(.result(.answer(let statusCode, _))):
            var answer = WireAnswer()
            answer.statusCode = Int32(clamped(statusCode, WireRange.statusCode))
            self = .answer(answer)
        case .ended(.result(.failure(let code, let message))):
            var failure = WireFailure()
            failure.code = WireErrorCode(code)
            failure.message = message
            self = .failure(failure)
        case .ended(.parked(let milliseconds)): self = .parkedAfter(clamped(milliseconds, WireRange.delay))
        case .ended(.released): self = .released(true)
        case .ended(.deadLetter(let reason)): self = .deadLetter(reason)
        }
    }
}

extension WireFailedAttempt {
    init(_ attempt: FailedAttempt) {
        self.init()
        if let code = attempt.statusCode { statusCode = Int32(clamped(code, WireRange.statusCode)) }
        reason = attempt.reason
        if let milliseconds = attempt.retryAfterMilliseconds {
            retryAfter = clamped(milliseconds, WireRange.delay)
        }
        isUnreached = attempt.isUnreached
        isEvicted = attempt.isEvicted
    }

    func decoded(body: Bytes) -> FailedAttempt {
        FailedAttempt(
            statusCode: hasStatusCode ? Int(statusCode) : nil, body: body, reason: reason,
            retryAfterMilliseconds: hasRetryAfter ? retryAfter : nil, isUnreached: isUnreached,
            isEvicted: isEvicted)
    }
}

/// What lies outside of a range is written as the bound that it is beyond.
private func clamped<Number: Comparable>(_ number: Number, _ range: ClosedRange<Number>) -> Number {
    min(max(number, range.lowerBound), range.upperBound)
}
