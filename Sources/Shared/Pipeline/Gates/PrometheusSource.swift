import GateRules
import HTTP
import Loop
import Messages

/// Asks one Prometheus for numbers.
///
/// Source: Prometheus' HTTP API, "Instant queries": POST, since expressions may be long, and GET where that is refused.
@PipelineActor
final class PrometheusSource {
    private static let maxAnswer = 1 << 20

    private let client: HTTPClient
    private let url: String
    private let timeout: Duration
    private var mayPost = true

    /// - Parameter url: of the server, perhaps with a path that its API is below.
    init(_ client: HTTPClient, url: String, timeout: Duration) {
        self.client = client
        var base = url[...]
        while base.hasSuffix("/") { base.removeLast() }
        self.url = "\(base)/api/v1/query"
        self.timeout = timeout
    }

    /// The least number that the first of `queries` with an answer gives.
    ///
    /// One that gives only numbers like NaN is an answer. A server that is away is asked once only.
    func reading(_ queries: [(name: String, query: String)]) async -> GateReading {
        var problems: [String] = []
        for (name, query) in queries {
            let answer: PrometheusAnswer
            do throws(HTTPError) { answer = try await self.answer(to: query) } catch {
                return .missing(reason: "\(error)")
            }
            switch answer {
            case .values(let numbers, let notFinite):
                if let least = numbers.min() { return .value(least, from: name) }
                if notFinite > 0 { return .missing(reason: "\(name) is no number") }
                problems.append("Prometheus has no sample for \(name)")
            case .refused(let reason): problems.append(reason)
            }
        }
        // Mostly the same one for all.
        let news = problems.reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        return .missing(reason: news.joined(separator: "; "))
    }

    /// The largest number that `query` gives; `nil` without one.
    func number(_ query: String) async -> Double? {
        guard case .values(let numbers, _)? = try? await answer(to: query) else { return nil }
        return numbers.max()
    }

    private func answer(to query: String) async throws(HTTPError) -> PrometheusAnswer {
        let form = "query=\(formEncoded(query))"
        if mayPost {
            let response = try await client.response(to: post(form))
            guard response.statusCode == 405 || response.statusCode == 501 else { return await read(response) }
            mayPost = false
        }
        return await read(try await client.response(to: get(form)))
    }

    private func post(_ form: String) -> HTTPRequest {
        HTTPRequest(
            .post, url: url, headers: [HeaderField("content-type", "application/x-www-form-urlencoded")],
            body: Array(form.utf8)[...], timeout: timeout, maxResponseBytes: Self.maxAnswer)
    }

    private func get(_ form: String) -> HTTPRequest {
        HTTPRequest(.get, url: "\(url)?\(form)", timeout: timeout, maxResponseBytes: Self.maxAnswer)
    }
}

/// Away from the pipeline thread.
@concurrent
private func read(_ response: HTTPResponse) async -> PrometheusAnswer {
    PrometheusAnswer(status: response.statusCode, body: response.body)
}
