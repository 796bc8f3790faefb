/// What has happened on the replicas so far, to the users and to what came over HTTP.
struct CapacityBooks: Sendable {
    private let span: Range<Double>
    /// Of users who came within the span.
    private(set) var timeToFirstToken = Percentiles()
    private(set) var timePerToken = Percentiles()
    private(set) var onlineTokens = 0
    private(set) var unfinished = 0
    /// Of what came over HTTP: within the span it began, or for tokens it ended.
    private(set) var attempts = 0
    private(set) var refused = 0
    private(set) var expired = 0
    private(set) var answered = 0
    private(set) var promptTokens = 0
    private(set) var completionTokens = 0
    /// Since the last line.
    private var lately = Lately()

    private struct Lately: Sendable {
        var refused = 0
        var answered = 0
        var tokens = 0
    }

    init(span: Range<Double>) { self.span = span }

    mutating func came(_ job: CapacityJob, _ verdict: ReplicaPool.Verdict) {
        let counts = span.contains(job.sent)
        if job.isOnline {
            if counts { unfinished += 1 }
            return
        }
        if counts { attempts += 1 }
        guard verdict == .refused else { return }
        lately.refused += 1
        if counts { refused += 1 }
    }

    mutating func ended(_ job: CapacityJob) {
        guard job.isOnline else { return answered(job) }
        guard span.contains(job.sent) else { return }
        unfinished -= 1
        timeToFirstToken.add(job.timeToFirstToken)
        if let time = job.timePerToken { timePerToken.add(time) }
        onlineTokens += job.outputTokens
    }

    private mutating func answered(_ job: CapacityJob) {
        lately.answered += 1
        lately.tokens += job.outputTokens
        guard span.contains(job.ended) else { return }
        answered += 1
        promptTokens += job.promptTokens
        completionTokens += job.outputTokens
    }

    mutating func gaveUp(_ job: CapacityJob) { if span.contains(job.sent) { expired += 1 } }

    /// One line of the report as JSON.
    mutating func line(at time: Double, _ pool: ReplicaPool, isBurst: Bool) -> String {
        let online = (running: pool.onlineRunningCount, waiting: pool.onlineWaitingCount)
        defer { lately = Lately() }
        return #"{"second":\#(rounded(time)),"burst":\#(isBurst),"online_running":\#(online.running),"#
            + #""online_waiting":\#(online.waiting),"async_running":\#(pool.runningCount - online.running),"#
            + #""async_waiting":\#(pool.waitingCount - online.waiting),"step_ms":\#(rounded(pool.stepTime * 1000)),"#
            + #""answered":\#(lately.answered),"completion_tokens":\#(lately.tokens),"refused":\#(lately.refused)}"#
    }

    /// The last line of the report as JSON.
    ///
    /// - Parameter time: Seconds since the start.
    func summary(at time: Double) -> String {
        func milliseconds(_ times: Percentiles, _ share: Double) -> Double { rounded(times.value(share) * 1000) }
        let seconds = max(0, min(time, span.upperBound) - span.lowerBound)
        return #"{"summary":{"seconds":\#(rounded(seconds)),"online_requests":\#(timeToFirstToken.count),"#
            + #""online_unfinished":\#(unfinished),"online_tokens":\#(onlineTokens),"#
            + #""ttft_p50_ms":\#(milliseconds(timeToFirstToken, 0.5)),"#
            + #""ttft_p99_ms":\#(milliseconds(timeToFirstToken, 0.99)),"#
            + #""tpot_mean_ms":\#(rounded(timePerToken.mean * 1000)),"#
            + #""tpot_p50_ms":\#(milliseconds(timePerToken, 0.5)),"tpot_p99_ms":\#(milliseconds(timePerToken, 0.99)),"#
            + #""attempts":\#(attempts),"refused":\#(refused),"expired":\#(expired),"answered":\#(answered),"#
            + #""prompt_tokens":\#(promptTokens),"completion_tokens":\#(completionTokens)}}"#
    }

    private func rounded(_ number: Double) -> Double { (number * 1000).rounded() / 1000 }
}
