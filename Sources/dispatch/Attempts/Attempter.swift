package import HTTP
package import Loop
package import Messages
import PipelineTracing
import Primitives

/// Makes attempts: takes envelopes that wait and gives them back with what the gateway answered.
///
/// It queues nothing: whoever calls `start` looks at `free` first.
@PipelineActor
package final class Attempter {
    package typealias Completion = @PipelineActor (Envelope, Observation) -> Void

    /// One attempt that is over.
    package struct Observation: Sendable, Equatable {
        package let attemptClass: AttemptOutcome.Class
        package let finding: Finding
        /// Zero where nothing was sent.
        package let latency: Duration
        /// What it tells about the room at the gateway.
        package let load: LoadWord

        package init(
            attemptClass: AttemptOutcome.Class, finding: Finding, latency: Duration, load: LoadWord = LoadWord()
        ) {
            self.attemptClass = attemptClass
            self.finding = finding
            self.latency = latency
            self.load = load
        }
    }

    /// One attempt under way.
    private struct Transfer {
        let id: TransferID
        let envelope: Envelope
        let begin: ContinuousClock.Instant
    }

    private let client: HTTPClient
    private let loop: EventLoop
    private let options: AttemptOptions
    private let token: GatewayToken?
    private let spans: AttemptSpans?
    private let clock: @PipelineActor () -> Int64
    private var transfers: [UInt64: Transfer] = [:]
    private var lastAttempt: UInt64 = 0
    /// Attempts that are over but not yet given back.
    private var returning = 0

    /// - Parameters:
    ///   - spans: `nil` where none are recorded.
    ///   - clock: milliseconds since 1970.
    package init(
        client: HTTPClient, options: AttemptOptions, token: GatewayToken? = nil, spans: AttemptSpans? = nil,
        loop: EventLoop = .shared,
        clock: @escaping @PipelineActor () -> Int64 = { WallClock.now().milliseconds }
    ) {
        self.client = client
        self.options = options
        self.token = token
        self.spans = spans
        self.loop = loop
        self.clock = clock
    }

    /// Attempts under way.
    package var active: Int { transfers.count + returning }

    /// How many more may be started now.
    package var free: Int { options.concurrency - active }

    /// Starts an attempt.
    ///
    /// - Parameters:
    ///   - envelope: one that is `.waiting`.
    ///   - onBegin: called once when it has a connection to the gateway, perhaps before this function has returned.
    ///   - completion: called once with the envelope and its next progress; never before this function has returned,
    ///     and never after `abortAll`.
    package func start(
        _ envelope: Envelope, onBegin: (@PipelineActor () -> Void)? = nil, completion: @escaping Completion
    ) {
        let admission = AttemptAdmission(
            deadline: envelope.deadline, now: clock(), requestTimeout: options.requestTimeout)
        switch admission {
        case .deadlineOver: giveBackLater(envelope, completion)
        case .attempt(let timeout): send(envelope, timeout: timeout, onBegin, completion)
        }
    }

    /// The attempts under way for requests with this id, and for how long.
    package func attempts(id: ExactText) -> [(envelope: Envelope, age: Duration)] {
        transfers.values.filter { ExactText($0.envelope.id) == id }.map { ($0.envelope, .now - $0.begin) }
    }

    /// Whether requests go out with this deployment's token, and not their producers'.
    package var sendsOwnToken: Bool { token != nil }

    /// Looks whether the token's file has another one, also while no attempts are made.
    package func lookAtToken() { token?.look() }

    /// Bytes of answers that may be held while they come in.
    package func setBodyRoom(_ bytes: Int) { client.setBodyRoom(bytes) }

    /// Breaks off every exchange, at the end of a drain, and says how many there were.
    ///
    /// Their completions are not called.
    @discardableResult
    package func abortAll() -> Int {
        let aborted = transfers
        transfers = [:]
        for transfer in aborted.values { client.cancel(transfer.id) }
        return aborted.count
    }

    private func send(
        _ envelope: Envelope, timeout: Duration, _ onBegin: (@PipelineActor () -> Void)?,
        _ completion: @escaping Completion
    ) {
        var headers = token?.authorize(envelope.headers) ?? envelope.headers
        if options.asksForEngineLoad { headers.append(LoadWord.question) }
        let span = spans?.begin(envelope)
        if let span { headers.carry(span.trace) }
        let request = HTTPRequest(
            url: envelope.url, headers: headers, body: envelope.payload,
            timeout: timeout, maxResponseBytes: options.maxResponseBytes)
        let begin = ContinuousClock.now
        lastAttempt += 1
        let attempt = lastAttempt
        let id = client.start(request, onBegin: onBegin) { [weak self] result in
            guard let self else { return }
            transfers[attempt] = nil
            let outcome = AttemptOutcome(
                result, url: envelope.url, now: clock() / 1000, authFailures: options.authFailures)
            if let span { spans?.end(span, outcome) }
            giveBack(envelope, outcome, latency: .now - begin, completion)
        }
        transfers[attempt] = Transfer(id: id, envelope: envelope, begin: begin)
    }

    private func giveBackLater(_ envelope: Envelope, _ completion: @escaping Completion) {
        returning += 1
        loop.schedule(after: .zero) { [weak self] in
            guard let self else { return }
            returning -= 1
            giveBack(envelope, .deadlineOver, latency: .zero, completion)
        }
    }

    private func giveBack(
        _ envelope: Envelope, _ outcome: AttemptOutcome, latency: Duration, _ completion: Completion
    ) {
        var envelope = envelope
        envelope.progress = outcome.progress
        completion(
            envelope,
            Observation(
                attemptClass: outcome.attemptClass, finding: outcome.finding, latency: latency, load: outcome.load))
    }
}

/// How attempts are made.
package struct AttemptOptions: Sendable, Equatable {
    /// Attempts at once.
    package var concurrency: Int
    /// The most that one attempt may take.
    package var requestTimeout: Duration
    /// Bytes of an answer's body.
    package var maxResponseBytes: Int
    /// What 401 and 403 mean.
    package var authFailures: AuthFailures
    /// Whether engines are asked to say how full they are.
    package var asksForEngineLoad: Bool

    package init(
        concurrency: Int = 8, requestTimeout: Duration = .seconds(300), maxResponseBytes: Int = 64 << 20,
        authFailures: AuthFailures = .hold, asksForEngineLoad: Bool = false
    ) {
        self.asksForEngineLoad = asksForEngineLoad
        self.concurrency = concurrency
        self.requestTimeout = requestTimeout
        self.maxResponseBytes = maxResponseBytes
        self.authFailures = authFailures
    }
}

/// Whether an attempt may start, and how long it may take.
package enum AttemptAdmission: Sendable, Equatable {
    /// The deadline is over: no HTTP.
    case deadlineOver
    case attempt(timeout: Duration)

    /// - Parameters:
    ///   - deadline: Unix seconds after which no attempt starts.
    ///   - now: milliseconds since 1970.
    ///   - requestTimeout: the most that one attempt may take.
    package init(deadline: Int64, now: Int64, requestTimeout: Duration) {
        let left = Duration.seconds(deadline) - .milliseconds(now)
        self = left > .zero ? .attempt(timeout: min(requestTimeout, left)) : .deadlineOver
    }
}
