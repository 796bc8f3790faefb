import DequeModule
import Loop
import Messages

/// The simulated gateway itself: connections, places, faults.
///
/// Everything happens on the pipeline thread.
@PipelineActor
final class GatewayServer {
    nonisolated let port: UInt16
    private let listener: Listener
    private let settings: GatewaySettings
    private let recorder: GatewayRecorder
    private let api: OpenAI
    private var connections: [CInt: Connection] = [:]
    private var exchanges: [CInt: Exchange] = [:]
    private var waiting = Deque<Exchange>()
    private var running = 0
    private var isHeld = false
    private var isStarting = false
    private var accepted = 0
    private var arrived = 0
    /// How often each request has been seen, by its fingerprint.
    private var sightings: [UInt64: Int] = [:]
    private var counters = GatewayCounters()
    private let capacity: CapacityEngine?

    init(
        _ settings: GatewaySettings, recorder: GatewayRecorder, host: String, port: UInt16
    ) throws(GatewaySimulatorError) {
        self.settings = settings
        self.recorder = recorder
        api = OpenAI(models: settings.models, servesOthers: settings.servesOtherModels)
        listener = try Listener(host: host, port: port)
        self.port = listener.port
        capacity = settings.capacity.map { CapacityEngine($0, report: settings.report) }
        listener.start { [weak self] in self?.accept($0) }
    }

    func stop() {
        listener.close()
        capacity?.stop()
        for connection in connections.values { connection.close() }
    }

    func summary() -> String? { capacity?.summary() }

    /// While held, requests are accepted and wait.
    func hold(_ isHeld: Bool) {
        self.isHeld = isHeld
        startWaiting()
    }

    private func accept(_ descriptor: CInt) {
        accepted += 1
        let connection = Connection(descriptor: descriptor, number: accepted)
        connections[descriptor] = connection
        connection.onRequest = { [weak self, unowned connection] in self?.receive($0, on: connection) }
        connection.onClose = { [weak self] in self?.closed(descriptor) }
        connection.start()
    }

    private func closed(_ descriptor: CInt) {
        connections[descriptor] = nil
        if let exchange = exchanges[descriptor], exchange.stage != .over { end(exchange, .abandoned) }
    }

    // MARK: A request's way

    private func receive(_ request: HTTPRequest, on connection: Connection) {
        arrived += 1
        let key = key(of: request)
        let attempt = countSighting(of: key, request)
        let seen = GatewayRequest(
            number: arrived, connection: connection.number, attempt: attempt, method: request.method,
            path: request.target, headers: request.headers, body: request.body, outcome: .open)
        if settings.records { recorder.arrived(seen) }

        let isInference = seen.isInference
        var random = GatewayRandom(seed: settings.seed, key: key, attempt: attempt)
        var latency = isInference ? settings.latency.sample(&random) : .zero
        var answer = settings.script?(seen) ?? (isInference ? drawFault(&random) : .normal)
        while case .after(let delay, let next) = answer { (latency, answer) = (latency + delay, next) }

        let exchange = Exchange(
            number: arrived, request: seen, connection: connection, keepsAlive: request.keepsAlive, answer: answer,
            latency: latency)
        exchange.willAnswer = { [unowned self] status in report(seen.number, .answered(status)) }
        exchanges[connection.descriptor] = exchange
        place(exchange, isInference: isInference)
    }

    /// How often the request has been seen, now included.
    private func countSighting(of key: UInt64, _ request: HTTPRequest) -> Int {
        guard request.method == "POST", settings.countsAttempts else { return 1 }
        sightings[key, default: 0] += 1
        return sightings[key, default: 1]
    }

    private func report(_ number: Int, _ outcome: GatewayRequest.Outcome) {
        if settings.records { recorder.ended(number, outcome) }
        settings.observe?(number, outcome)
    }

    private func drawFault(_ random: inout GatewayRandom) -> GatewayAnswer {
        settings.faults.answer(
            drawn: random.uniform(), retryAfter: settings.retryAfter, slowBody: settings.slowBody)
    }

    private func place(_ exchange: Exchange, isInference: Bool) {
        if case .refusal(let status, let retryAfter) = exchange.answer {
            return refuse(exchange, status, retryAfter: retryAfter)
        }
        if !isInference, exchange.latency == .zero, case .normal = exchange.answer {
            return respond(exchange, plainAnswer(exchange.request))
        }
        if isHeld || isFull {
            if !isHeld, isRefusing { return refuse(exchange, 429, retryAfter: settings.retryAfter) }
            waiting.append(exchange)
        } else {
            begin(exchange)
        }
    }

    private var isFull: Bool { settings.maxConcurrency > 0 && running >= settings.maxConcurrency }

    /// Whether there is no place to wait, either.
    private var isRefusing: Bool {
        settings.overload == .shed || settings.maxWaiting.map { waitingCount >= $0 } ?? false
    }

    private func begin(_ exchange: Exchange) {
        running += 1
        exchange.stage = .running
        if exchange.latency <= .zero { return work(on: exchange) }
        exchange.timer = EventLoop.shared.schedule(after: exchange.latency) { [weak self] in self?.work(on: exchange) }
    }

    /// Finishes it, when the capacity model has had it if there is one.
    private func work(on exchange: Exchange) {
        guard let capacity, let prompt = api.prompt(of: exchange.request) else { return finish(exchange) }
        let answer = CapacityAnswer(to: exchange.request, prompt, capacity.settings)
        let objective = exchange.request.header("x-gateway-inference-objective")
        capacity.submit(
            exchange.number, isSheddable: objective.map(capacity.settings.sheddable.contains) ?? false,
            promptTokens: prompt.tokens, outputTokens: answer.outputTokens
        ) { [weak self] outcome in self?.worked(on: exchange, answer, outcome) }
    }

    private func worked(on exchange: Exchange, _ answer: CapacityAnswer, _ outcome: CapacityEngine.Outcome) {
        guard let capacity else { return }
        let reason = "x-llm-d-request-dropped-reason"
        switch outcome {
        case .refused:
            exchange.headers = [HeaderField(reason, "rejected-saturated")]
            refuse(exchange, 429, retryAfter: settings.retryAfter)
        case .expired:
            exchange.headers = [HeaderField(reason, "rejected-ttl-expired")]
            refuse(exchange, 503, retryAfter: settings.retryAfter)
        case .answered(let job):
            exchange.measured = answer
            if capacity.settings.addsRequestMetrics { exchange.measured?.timing = job }
            exchange.headers = capacity.headers(for: job, exchange.request)
            finish(exchange)
        }
    }

    private func finish(_ exchange: Exchange) {
        switch exchange.answer {
        case .response(let status, let headers, let body):
            respond(exchange, HTTPResponse(status: status, headers: headers, body: body))
        case .cutBeforeAnswer:
            end(exchange, .cut)
            exchange.connection.close()
        case .cutInBody:
            let response = normalAnswer(exchange)
            end(exchange, .cut)
            exchange.respondHalf(response)
        case .slow(let time):
            let response = normalAnswer(exchange)
            exchange.trickle(response, over: time) { [weak self] in self?.end(exchange, .answered(response.status)) }
        case .silent:
            break
        case .normal, .after, .refusal:
            respond(exchange, normalAnswer(exchange))
        }
    }

    private func respond(_ exchange: Exchange, _ response: HTTPResponse) {
        exchange.respond(response) { [weak self] in self?.end(exchange, .answered(response.status)) }
    }

    private func refuse(_ exchange: Exchange, _ status: Int, retryAfter: String?) {
        var response = HTTPResponse(status: status, headers: exchange.headers, body: OpenAIError.refusal(status))
        if let retryAfter { response.headers.append(HeaderField("Retry-After", retryAfter)) }
        respond(exchange, response)
    }

    private func end(_ exchange: Exchange, _ outcome: GatewayRequest.Outcome) {
        guard exchange.stage != .over else { return }
        if exchange.stage == .running { running -= 1 }
        exchange.stage = .over
        if let timer = exchange.timer { EventLoop.shared.cancel(timer) }
        capacity?.cancel(exchange.number)
        exchanges[exchange.connection.descriptor] = nil
        if exchange.request.isInference { counters.count(outcome) }
        report(exchange.number, outcome)
        startWaiting()
    }

    private func startWaiting() {
        guard !isStarting else { return }  // an answer that takes no time ends within `begin`
        isStarting = true
        defer { isStarting = false }
        while !isHeld, !isFull, let exchange = waiting.popFirst() {
            if exchange.stage == .waiting { begin(exchange) }
        }
    }

    // MARK: Answers

    private func normalAnswer(_ exchange: Exchange) -> HTTPResponse {
        let request = exchange.request
        guard request.method == "POST" else { return plainAnswer(request) }
        var response = api.answer(request, measured: exchange.measured, tokens: &counters.tokens)
        response.headers += exchange.headers
        return response
    }

    private func plainAnswer(_ request: GatewayRequest) -> HTTPResponse {
        let path = request.pathWithoutQuery
        guard request.method == "GET" else {
            return api.answer(request, tokens: &counters.tokens)
        }
        switch path {
        case "/health", "/healthz", "/readyz": return HTTPResponse(status: 200, body: Array("{}".utf8))
        case "/v1/models": return HTTPResponse(status: 200, body: api.modelList)
        case "/metrics":
            let text = metrics
            let type = HeaderField("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
            return HTTPResponse(status: 200, headers: [type], body: Array(text.utf8))
        default: return OpenAIError.notFound(path)
        }
    }

    private var metrics: String {
        let model = settings.models.first ?? ""
        guard let capacity else { return counters.text(running: running, waiting: waitingCount, model: model) }
        let text = capacity.metrics()
        return counters.text(
            running: capacity.runningCount, waiting: waitingCount + capacity.waitingCount, usage: capacity.usage,
            model: model) + text
    }

    private var waitingCount: Int { waiting.count { $0.stage == .waiting } }

    /// What tells requests apart: their `x-request-id`, without one their body.
    private func key(of request: HTTPRequest) -> UInt64 {
        let id = request.headers.first { $0.name.isSameWord("x-request-id") }?.value
        return id.map { fingerprint($0.utf8) } ?? fingerprint(request.body)
    }
}

extension HTTPRequest {
    /// The target without its query.
    var path: String {
        guard let query = target.utf8.firstIndex(of: UInt8(ascii: "?")) else { return target }
        return String(target[..<query])
    }
}
