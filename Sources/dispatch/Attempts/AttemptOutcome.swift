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
        /// 401 and 403, unless they are final: may go better with another token.
        case unauthorised
        /// 429: the gateway has no room now.
        case shed
        /// 408, 425, 5xx, and numbers that HTTP does not know: may go better another time.
        case failed
        /// No whole answer: name, connection, TLS, reset, time-out.
        case unanswered
        /// Nothing that repeating would cure: cannot be sent, answer too large or not decodable, redirected in circles or to
        /// where a POST is not sent.
        case impossible
        /// The deadline was over before it started.
        case deadlineExceeded
    }

    package let attemptClass: Class
    /// The envelope's next progress.
    package let progress: Progress
    /// What it tells about the gateway.
    package let finding: Finding
    /// What it tells about the room there.
    package private(set) var load = LoadWord()

    /// Headers of an answer that count here.
    package static let responseHeaders =
        ["Retry-After", "x-llm-d-request-dropped-reason", "Location"] + LoadWord.responseHeaders

    /// - Parameters:
    ///   - url: the attempt's, for the reason.
    ///   - now: Unix seconds, for a `Retry-After` that is a date.
    ///   - authFailures: what 401 and 403 mean.
    package init(
        _ result: Result<HTTPResponse, HTTPError>, url: String, now: Int64, authFailures: AuthFailures = .hold
    ) {
        switch result {
        case .success(let response): self.init(response, url: url, now: now, authFailures)
        case .failure(let error): self.init(error)
        }
    }

    /// An attempt that did not start because the deadline was over.
    package static let deadlineOver = AttemptOutcome(
        .deadlineExceeded,
        .ended(.result(.failure(.deadlineExceeded, message: "the deadline was over before the attempt could start"))),
        .none)

    private init(_ attemptClass: Class, _ progress: Progress, _ finding: Finding) {
        self.attemptClass = attemptClass
        self.progress = progress
        self.finding = finding
    }

    private init(_ response: HTTPResponse, url: String, now: Int64, _ authFailures: AuthFailures) {
        let finding = Finding.answered(response.statusCode)
        let answer = Progress.ended(.result(.answer(statusCode: response.statusCode, body: response.body)))
        func failed() -> Progress { .failed(FailedAttempt(response, url: url, now: now)) }
        switch response.statusCode {
        case 429: self.init(.shed, failed(), finding)
        // HTTP knows nothing from 600 on, and wants it taken as 5xx: RFC 9110, section 15.
        case 408, 425, 500...: self.init(.failed, failed(), finding)
        case 401 where authFailures == .hold, 403 where authFailures == .hold:
            self.init(.unauthorised, failed(), finding)
        case 400 where response.wantsTLS:
            let reason = "POST \(redacted(url)): the gateway wants TLS there"
            self.init(
                .unanswered, .failed(FailedAttempt(statusCode: nil, body: [], reason: reason, isUnreached: true)),
                .unreached(.wantsTLS, "the answer to plain HTTP is 400"))
        case 400...499: self.init(.refused, answer, finding)
        case 301...303 where response.header("Location") != nil:
            let place = response.header("Location") ?? ""
            let message = """
                POST \(redacted(url)): the gateway answered \(response.statusCode): it is at \(redacted(shown(place))) now; \
                the queue's gateway must name that address, since a POST is not repeated there
                """
            self.init(.impossible, .ended(.result(.failure(.inferenceError, message: message))), finding)
        default: self.init(.succeeded, answer, finding)
        }
        load = LoadWord(response, now: now)
    }

    private init(_ error: HTTPError) {
        let finding = Finding(error)
        switch error.kind {
        case .dns, .connect, .tls, .timeout, .connectionLost, .cancelled, .other:
            var attempt = FailedAttempt(statusCode: nil, body: [], reason: error.description)
            if case .unreached = finding { attempt.isUnreached = true }
            self.init(.unanswered, .failed(attempt), finding)
        case .undecodable where error.statusCode.map(Self.mayGoBetter) == true:
            let reason = error.description + " (status \(error.statusCode ?? 0))"
            self.init(.unanswered, .failed(FailedAttempt(statusCode: nil, body: [], reason: reason)), finding)
        case .responseTooLarge, .undecodable, .tooManyRedirects, .invalidOption:
            self.init(.impossible, .ended(.result(.failure(.inferenceError, message: error.description))), finding)
        case .invalidRequest:
            self.init(.impossible, .ended(.result(.failure(.invalidRequest, message: error.description))), finding)
        }
    }
}

extension HTTPResponse {
    /// Whether the server says, in plain HTTP, that it wants TLS: nginx, Go, Apache and HAProxy each have their words.
    fileprivate var wantsTLS: Bool {
        guard statusCode == 400, body.count < 4096 else { return false }
        let text = String(decoding: body, as: UTF8.self)
        return ["sent to HTTPS port", "to an HTTPS server", "to an SSL-enabled server port"].contains(
            where: text.contains)
    }
}

extension AttemptOutcome {
    /// Whether an answer with this status is no result, whatever its body.
    fileprivate static func mayGoBetter(_ status: Int) -> Bool { [408, 425, 429].contains(status) || status >= 500 }
}

/// As much of a header as a reader wants to see.
private func shown(_ header: String) -> String { String(decoding: header.utf8.prefix(200), as: UTF8.self) }

extension FailedAttempt {
    fileprivate init(_ response: HTTPResponse, url: String, now: Int64) {
        var reason = "POST \(redacted(url)): the gateway answered \(response.statusCode)"
        let dropped = response.header("x-llm-d-request-dropped-reason")
        if let dropped { reason += " (dropped: \(shown(dropped)))" }
        self.init(
            statusCode: response.statusCode, body: response.body, reason: reason,
            isEvicted: dropped.flatMap(LoadWord.Dropped.init) == .evicted)
        // 408 and 425 mean "at once, on another connection" and "later in the handshake".
        guard response.statusCode == 429 || response.statusCode >= 500 else { return }
        retryAfterMilliseconds = response.header("Retry-After").flatMap { RetryAfter.parse($0, now: now) }
    }
}
