import GateRules
import HTTP
import Loop
import Messages

/// Reads pages of metrics for one `endpoint-scrape`.
@PipelineActor
final class ScrapeSource {
    /// Pages of engines with many adapters have some megabytes.
    private static let maxPage = 16 << 20

    private let client: HTTPClient
    private let rule: ScrapeRule
    private let timeout: Duration

    init(_ client: HTTPClient, _ settings: EndpointScrapeSettings, timeout: Duration) {
        self.client = client
        rule = ScrapeRule(settings)
        self.timeout = timeout
    }

    func reading() async -> GateReading {
        do throws(ScrapeProblem) {
            let page = try await page(rule.settings.url)
            var pods: Bytes?
            if let source = rule.settings.pods { pods = try await self.page(source.url) }
            return await read(rule, page: page, pods: pods)
        } catch {
            return .missing(reason: error.reason)
        }
    }

    private func page(_ url: String) async throws(ScrapeProblem) -> Bytes {
        let request = HTTPRequest(
            .get, url: url, headers: [HeaderField("accept", "text/plain;version=0.0.4")], timeout: timeout,
            maxResponseBytes: Self.maxPage)
        let response: HTTPResponse
        do throws(HTTPError) { response = try await client.response(to: request) } catch {
            throw ScrapeProblem(reason: "\(error)")
        }
        guard response.statusCode == 200 else {
            throw ScrapeProblem(reason: "GET \(redacted(url)): HTTP status \(response.statusCode)")
        }
        return response.body
    }
}

private struct ScrapeProblem: Error { let reason: String }

/// Away from the pipeline thread.
@concurrent
private func read(_ rule: ScrapeRule, page: Bytes, pods: Bytes?) async -> GateReading {
    rule.reading(page: page, pods: pods)
}
