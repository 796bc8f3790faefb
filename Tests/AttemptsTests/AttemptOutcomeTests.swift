import HTTP
import Messages
import Testing

@testable import Attempts

struct AttemptOutcomeTests {
    private static let url = "http://user:secret@gateway/v1/completions?key=secret"
    private let body = Array(#"{"choices":[]}"#.utf8)[...]

    private func outcome(_ status: Int, _ headers: [HeaderField] = []) -> AttemptOutcome {
        AttemptOutcome(
            .success(HTTPResponse(statusCode: status, headers: headers, body: body)), url: Self.url, now: 1_000_000)
    }

    private func failed(_ outcome: AttemptOutcome) -> FailedAttempt? {
        if case .failed(let attempt) = outcome.progress { return attempt }
        return nil
    }

    @Test(arguments: [
        (200, AttemptOutcome.Class.succeeded), (201, .succeeded), (204, .succeeded), (299, .succeeded),
        (300, .succeeded), (304, .succeeded), (305, .succeeded),
        (307, .succeeded), (399, .succeeded),
        (400, .refused), (402, .refused), (404, .refused), (409, .refused), (413, .refused),
        (422, .refused), (424, .refused), (426, .refused), (428, .refused), (430, .refused), (499, .refused),
    ])
    func isAResult(status: Int, attemptClass: AttemptOutcome.Class) {
        let outcome = outcome(status, [HeaderField("Retry-After", "7")])
        #expect(outcome.attemptClass == attemptClass)
        #expect(outcome.progress == .ended(.result(.answer(statusCode: status, body: body))))
    }

    @Test(arguments: [
        (429, AttemptOutcome.Class.shed), (408, .failed), (425, .failed), (500, .failed), (501, .failed),
        (502, .failed),
        (503, .failed), (504, .failed), (599, .failed), (600, .failed), (999, .failed),
    ])
    func mayBeTriedAgain(status: Int, attemptClass: AttemptOutcome.Class) {
        let outcome = outcome(status)
        #expect(outcome.attemptClass == attemptClass)
        #expect(
            failed(outcome)
                == FailedAttempt(
                    statusCode: status, body: body,
                    reason: "POST \(redacted(Self.url)): the gateway answered \(status)"))
    }

    @Test(arguments: [
        (429, "7", 7000 as Int64?), (503, "0", 0), (500, "Thu, 01 Jan 1970 00:00:00 GMT", 0),
        (503, "Mon, 12 Jan 1970 13:46:50 GMT", 10_000), (429, "soon", nil), (429, "-1", nil), (408, "7", nil),
        (425, "7", nil),
    ])
    func passesOnWhatTheGatewayAsksFor(status: Int, retryAfter: String, milliseconds: Int64?) {
        let attempt = failed(outcome(status, [HeaderField("Retry-After", retryAfter)]))
        #expect(attempt?.retryAfterMilliseconds == milliseconds)
    }

    @Test(arguments: [401, 403])
    func refusedCredentialsAreHeldOrAResultAsTheSettingSays(status: Int) {
        let held = outcome(status)
        #expect(held.attemptClass == .unauthorised && failed(held)?.statusCode == status)
        let final = AttemptOutcome(
            .success(HTTPResponse(statusCode: status, headers: [], body: body)), url: Self.url, now: 0,
            authFailures: .final)
        #expect(final.attemptClass == .refused)
        #expect(final.progress == .ended(.result(.answer(statusCode: status, body: body))))
    }

    @Test(arguments: [("evicted-priority", true), ("rejected-saturated", false), ("", false)])
    func tellsWhatHadToMakeWayForAnother(reason: String, isEvicted: Bool) {
        let dropped = outcome(429, [HeaderField("x-llm-d-request-dropped-reason", reason)])
        #expect(failed(dropped)?.isEvicted == isEvicted)
    }

    @Test(arguments: [301, 302, 303])
    func aRedirectThatIsNotFollowedNamesTheNewAddress(status: Int) {
        let moved = outcome(status, [HeaderField("Location", "https://me:secret@new/v1/completions")])
        guard case .ended(.result(.failure(.inferenceError, let message))) = moved.progress else {
            Issue.record("no failure: \(moved.progress)")
            return
        }
        #expect(message.contains("\(status)") && message.contains("new/v1/completions"))
        #expect(!message.contains("secret"))
        #expect(moved.finding == .answered(status))
        // Without an address it is an answer like any other.
        #expect(outcome(status).attemptClass == .succeeded)
    }

    @Test(arguments: [
        "<html><head><title>400 The plain HTTP request was sent to HTTPS port</title></head></html>",
        "Client sent an HTTP request to an HTTPS server.\n",
        "You're speaking plain HTTP to an SSL-enabled server port.",
    ])
    func plainHTTPToAPortForTLSIsNoAnswer(text: String) {
        let answer = HTTPResponse(statusCode: 400, headers: [], body: Array(text.utf8)[...])
        let outcome = AttemptOutcome(.success(answer), url: Self.url, now: 0)
        #expect(outcome.attemptClass == .unanswered && failed(outcome)?.isUnreached == true)
        guard case .unreached(.wantsTLS, _) = outcome.finding else {
            Issue.record("\(outcome.finding)")
            return
        }
    }

    @Test(arguments: [HTTPError.Kind.dns, .connect, .tls])
    func whereARedirectLeadsIsNoWordOnTheGateway(kind: HTTPError.Kind) {
        let error = HTTPError(kind, "POST http://elsewhere/", "refused", wasBegun: true)
        let outcome = AttemptOutcome(.failure(error), url: "", now: 0)
        #expect(outcome.finding == .none)
        #expect(failed(outcome)?.isUnreached == false)
    }

    @Test
    func aTimeOutBeforeThereIsAConnectionIsToldFromOneAfterwards() {
        func finding(wasBegun: Bool) -> Finding {
            let error = HTTPError(.timeout, "POST http://gateway/", "timed out", wasBegun: wasBegun)
            return AttemptOutcome(.failure(error), url: "", now: 0).finding
        }
        #expect(finding(wasBegun: true) == .late)
        #expect(finding(wasBegun: false) == .unreached(.time, "timed out"))
    }

    @Test
    func keepsTheSecretsOfTheURLToItself() {
        #expect(failed(outcome(500))?.reason.contains("secret") == false)
        #expect(failed(outcome(500))?.reason.contains("gateway/v1/completions") == true)
    }

    @Test
    func saysWhyTheGatewayDroppedTheRequest() {
        let attempt = failed(outcome(429, [HeaderField("X-LLM-D-Request-Dropped-Reason", "queue full")]))
        #expect(
            attempt?.reason
                == "POST \(redacted(Self.url)): the gateway answered 429 (dropped: queue full)")
    }

    @Test(arguments: HTTPError.Kind.allCases)
    func anAttemptWithoutAnAnswer(kind: HTTPError.Kind) {
        let outcome = AttemptOutcome(.failure(HTTPError(kind, "POST http://gateway/", "no luck")), url: "", now: 0)
        let reason = "POST http://gateway/: no luck"
        switch kind {
        case .dns, .connect, .tls, .timeout, .connectionLost, .cancelled, .other:
            #expect(outcome.attemptClass == .unanswered)
            let isUnreached = [.dns, .connect, .tls, .timeout].contains(kind)
            #expect(
                outcome.progress
                    == .failed(FailedAttempt(statusCode: nil, body: [], reason: reason, isUnreached: isUnreached)))
        case .responseTooLarge, .undecodable, .tooManyRedirects, .invalidOption:
            #expect(outcome.attemptClass == .impossible)
            #expect(outcome.progress == .ended(.result(.failure(.inferenceError, message: reason))))
        case .invalidRequest:
            #expect(outcome.attemptClass == .impossible)
            #expect(outcome.progress == .ended(.result(.failure(.invalidRequest, message: reason))))
        }
    }

    @Test(
        arguments: [
            (200, .impossible), (404, .impossible), (nil, .impossible), (503, .unanswered), (429, .unanswered),
        ] as [(Int?, AttemptOutcome.Class)])
    func anAnswerThatCannotBeDecodedIsRepeatedOnlyWhereItsStatusAsksForIt(
        status: Int?, attemptClass: AttemptOutcome.Class
    ) {
        let error = HTTPError(
            .undecodable, "POST http://gateway/", "it has the Content-Encoding br", statusCode: status)
        let outcome = AttemptOutcome(.failure(error), url: "", now: 0)
        #expect(outcome.attemptClass == attemptClass)
        if case .ended(.result(.failure(let code, let message))) = outcome.progress {
            #expect(code == .inferenceError && message.contains("br"))
        }
        if let attempt = failed(outcome) { #expect(attempt.reason.contains("br") && attempt.statusCode == nil) }
    }

    @Test
    func showsNoMoreOfAHeaderThanAReaderWants() {
        let attempt = failed(
            outcome(429, [HeaderField("x-llm-d-request-dropped-reason", String(repeating: "x", count: 90_000))]))
        #expect((attempt?.reason.utf8.count ?? 0) < 1000)
    }

    @Test
    func aDeadlineThatIsOverIsAResult() {
        guard case .ended(.result(.failure(let code, let message))) = AttemptOutcome.deadlineOver.progress else {
            Issue.record("no result")
            return
        }
        #expect(code == .deadlineExceeded)
        #expect(message.contains("deadline"))
        #expect(AttemptOutcome.deadlineOver.attemptClass == .deadlineExceeded)
    }
}
