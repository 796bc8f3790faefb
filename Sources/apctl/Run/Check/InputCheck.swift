import GatewaySimulator
import Messages

/// What is found in the lines of an input without sending any.
struct InputCheck {
    /// A line that would get an error instead of an answer.
    struct Problem: Equatable {
        /// In the file, from 1.
        var line: Int
        var reason: String
    }

    static let shown = 10

    private(set) var lines = 0
    /// The first ones.
    private(set) var problems: [Problem] = []
    private(set) var problemCount = 0
    /// How many requests name each model, and go to each path.
    private(set) var models: [String: Int] = [:]
    private(set) var paths: [String: Int] = [:]
    private let gateway: GatewayAddress
    private var format = RequestLine.Format.request

    init(gateway: GatewayAddress) { self.gateway = gateway }

    /// Takes note of a line that is not blank.
    mutating func look(at line: Bytes, number: Int) {
        lines += 1
        let request = RequestLine(line, deadline: 1, after: format, gateway: gateway)
        format = request.format
        // As the pipeline will read it.
        switch (request.refusal, InboundRequest.decode(request.request[...])) {
        case (let refusal?, _): note(refusal.reason, number)
        case (nil, .undecodable(let reason)): note(BatchLine.fault(in: line) ?? reason, number)
        case (nil, .invalid(let rejected)): note(rejected.reason, number)
        case (nil, .request(let request)): count(request, number)
        }
    }

    private mutating func note(_ reason: String, _ line: Int) {
        problemCount += 1
        if problems.count < Self.shown { problems.append(Problem(line: line, reason: reason)) }
    }

    private mutating func count(_ request: InboundRequest, _ line: Int) {
        do throws(InvalidRequest) {
            let url = try GatewayTarget.url(gateway.url).resolve(endpoint: request.endpoint)
            paths[redacted(url), default: 0] += 1
        } catch {
            return note(error.reason, line)
        }
        guard let model = JSONText.members(of: request.payload)?.last(where: { $0.key == "model" }) else { return }
        if let name = JSONText.string(model.value) { models[name, default: 0] += 1 }
    }
}
