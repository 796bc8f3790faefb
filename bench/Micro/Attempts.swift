import Attempts
import Gateways
import HTTP
import Messages
import RetryPolicy

extension Benchmark {
    /// What dispatch and retry do with a request, the exchange left out.
    static let attempts: [Benchmark] = [
        Benchmark("dispatch.start-queue", "a request into the queue for a slot, started, ended") {
            StartQueue<Envelope>(slots: 64)
        } body: { queue in
            queue.append(Samples.request, lane: 0)
            guard let (item, lane) = queue.start() else { preconditionFailure("no slot is free") }
            blackHole(item)
            queue.ended(lane: lane)
        },
        Benchmark("dispatch.gateways", "the gateway of a request found, asked, and told of its answer") {
            Gateways()
        } body: { gateways in
            let lane = gateways.lane(queue: Samples.request.queue, url: Samples.request.url)
            guard gateways.mayStart(lane, at: .seconds(1)) else { preconditionFailure("it is held") }
            let attempt = gateways.started(lane, ownToken: true, at: .seconds(1))
            gateways.ended(
                attempt, .init(attemptClass: .succeeded, finding: .answered(200), latency: .milliseconds(1)),
                at: .seconds(1), random: 0.5)
        },
        Benchmark("dispatch.starts-ahead", "a start counted, and how many to ask for") {
            (ahead: StartsAhead(concurrency: 64), now: Duration.zero)
        } body: { state in
            state.now += .microseconds(50)
            state.ahead.started(at: state.now)
            blackHole(state.ahead.count(at: state.now))
        },
        Benchmark("dispatch.admission", "whether an attempt may start, and for how long") {
            Samples.deadline
        } body: { deadline in
            blackHole(AttemptAdmission(deadline: deadline, now: Samples.now, requestTimeout: .seconds(300)))
        },
        Benchmark("dispatch.header-list", "an attempt's headers in libcurl's form, and freed") {
            Samples.request.headers
        } body: { headers in
            blackHole(try HeaderList.make(headers))
        },
        Benchmark("dispatch.outcome", "an answer to what it means") {
            HTTPResponse(statusCode: 200, body: Samples.answer[...])
        } body: { response in
            blackHole(AttemptOutcome(.success(response), url: Samples.request.url, now: Samples.now / 1000))
        },
        Benchmark("retry.settle", "a failed attempt to the envelope that parks it") {
            RetryPolicy()
        } body: { policy in
            blackHole(policy.settle(Samples.failure, now: Samples.now) { 0.5 })
        },
    ]
}
