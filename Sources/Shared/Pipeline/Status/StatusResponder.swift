import FlyingFox
import Foundation
import PipelineMetrics

/// Answers the requests to the status endpoints.
struct StatusResponder: Sendable {
    let provider: any StatusProvider
    let registry: MetricsRegistry
    let asker: Asker

    func respond(to request: HTTPRequest) async -> HTTPResponse {
        guard request.method == .GET else {
            return json(.methodNotAllowed, StatusDocument.error("only GET is understood"))
        }
        return switch request.path {
        case "/healthz": await health()
        case "/readyz": await readiness()
        case "/status": await status()
        case "/metrics": metrics()
        default: json(.notFound, StatusDocument.error("only /healthz, /readyz, /status and /metrics are here"))
        }
    }

    private func health() async -> HTTPResponse {
        let health = await asker.ask { await provider.health() } ?? .failing(reason: Self.silence)
        return json(health == .ok ? .ok : .serviceUnavailable, StatusDocument.health(health))
    }

    private func readiness() async -> HTTPResponse {
        let readiness = await asker.ask { await provider.readiness() } ?? .notReady(reason: Self.silence)
        let code: HTTPStatusCode = if case .notReady = readiness { .serviceUnavailable } else { .ok }
        return json(code, StatusDocument.readiness(readiness))
    }

    private func status() async -> HTTPResponse {
        guard let report = await asker.ask({ await provider.status() }) else {
            return json(.serviceUnavailable, StatusDocument.error(Self.silence))
        }
        return json(.ok, StatusDocument.status(report))
    }

    private func metrics() -> HTTPResponse {
        var text: [UInt8] = []
        registry.emit(into: &text)
        return HTTPResponse(
            statusCode: .ok,
            headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
            body: Data(text)
        )
    }

    private func json(_ code: HTTPStatusCode, _ body: Data) -> HTTPResponse {
        HTTPResponse(statusCode: code, headers: [.contentType: "application/json"], body: body)
    }

    private static let silence = "the stage does not answer"
}
