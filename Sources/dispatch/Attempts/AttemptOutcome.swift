package import HTTP
package import Messages

/// What an attempt means for its request (DESIGN 7).
package struct AttemptOutcome: Sendable, Equatable {
    /// Kinds of outcome, as they are counted.
    package enum Class: String, Sendable, CaseIterable {
        /// 2xx and 3xx: a result.
        case succeeded
        /// 4xx that the same request would get again: a result.
        case refused
        /// 429: the gateway has no room now.
        case shed
        /// 408, 425, 5xx, and numbers that HTTP does not know: may go better another time.
        case failed
        /// No whole answer: name, connection, TLS, reset, time-out.
        case unanswered
        /// Nothing that repeating would cure: cannot be sent, answer too large or not decodable, redirected in circles.
        case impossible
        /// The deadline was over before it started.
        case deadlineExceeded
    }

    package let attemptClass: Class
    /// The envelope's next progress.
    package let progress: Progress

    /// Headers of an answer that count here.
    package static let responseHeaders = ["Retry-After", "x-llm-d-request-dropped-reason"]

    /// - Parameters:
    ///   - url: the attempt's, for the reason.
    ///   - now: Unix seconds, for a `Retry-After` that is a date.
    package init(_ result: Result<HTTPResponse, HTTPError>, url: String, now: Int64) {
        switch result {
        case .success(let response): self.init(response, url: url, now: now)
        case .failure(let error): self.init(error)
        }
    }

    /// An attempt that did not start because the deadline was over.
    package static let deadlineOver = AttemptOutcome(
        .deadlineExceeded,
        .ended(.result(.failure(.deadlineExceeded, message: "the deadline was over before the attempt could start"))))

    private init(_ attemptClass: Class, _ progress: Progress) {
        self.attemptClass = attemptClass
        self.progress = progress
    }

    private init(_ response: HTTPResponse, url: String, now: Int64) {
        let answer = Progress.ended(.result(.answer(statusCode: response.statusCode, body: response.body)))
        switch response.statusCode {
        case 429: self.init(.shed, .failed(FailedAttempt(response, url: url, now: now)))
        // HTTP knows nothing from 600 on, and wants it taken as 5xx: RFC 9110, section 15.
        case 408, 425, 500...: self.init(.failed, .failed(FailedAttempt(response, url: url, now: now)))
        case 400...499: self.init(.refused, answer)
        default: self.init(.succeeded, answer)
        }
    }

    private init(_ error: HTTPError) {
        switch error.kind {
        case .dns, .connect, .tls, .timeout, .connectionLost, .cancelled, .other:
            self.init(.unanswered, .failed(FailedAttempt(statusCode: nil, body: [], reason: error.description)))
        case .undecodable where error.statusCode.map(Self.mayGoBetter) == true:
            let reason = error.description + " (status \(error.statusCode ?? 0))"
            self.init(.unanswered, .failed(FailedAttempt(statusCode: nil, body: [], reason: reason)))
        case .responseTooLarge, .undecodable, .tooManyRedirects, .invalidOption:
            self.init(.impossible, .ended(.result(.failure(.inferenceError, message: error.description))))
        case .invalidRequest:
            self.init(.impossible, .ended(.result(.failure(.invalidRequest, message: error.description))))
        }
    }
}

extension AttemptOutcome {
    /// Whether an answer with this status is no result, whatever its body.
    fileprivate static func mayGoBetter(_ status: Int) -> Bool { [408, 425, 429].contains(status) || status >= 500 }
}

extension FailedAttempt {
    /// Bytes of a header that are shown.
    private static var maxShownBytes: Int { 200 }

    fileprivate init(_ response: HTTPResponse, url: String, now: Int64) {
        var reason = "POST \(redacted(url)): the gateway answered \(response.statusCode)"
        if let dropped = response.header("x-llm-d-request-dropped-reason") {
            reason += " (dropped: \(String(decoding: dropped.utf8.prefix(Self.maxShownBytes), as: UTF8.self)))"
        }
        self.init(statusCode: response.statusCode, body: response.body, reason: reason)
        // 408 and 425 mean "at once, on another connection" and "later in the handshake".
        guard response.statusCode == 429 || response.statusCode >= 500 else { return }
        retryAfterMilliseconds = response.header("Retry-After").flatMap { RetryAfter.parse($0, now: now) }
    }
}
