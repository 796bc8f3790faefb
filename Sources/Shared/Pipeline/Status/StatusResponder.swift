import PipelineMetrics

/// Answers the requests to the status endpoints.
struct StatusResponder: Sendable {
    let provider: any StatusProvider
    let registry: MetricsRegistry

    /// What only the stage can answer.
    enum Question: Sendable, Equatable {
        case health, readiness, status
        case held(id: String)
    }

    enum Reply {
        case now(StatusAnswer)
        case ask(Question)
    }

    func reply(to head: RequestHead) -> Reply {
        guard head.method == "GET" else {
            return .now(.json(.methodNotAllowed, StatusDocument.error("only GET is understood")))
        }
        switch head.path {
        case "/healthz": return .ask(.health)
        case "/readyz": return .ask(.readiness)
        case "/status": return .ask(.status)
        case "/metrics": return .now(metrics())
        case "/where":
            if let id = head.parameter("id"), !id.isEmpty { return .ask(.held(id: id)) }
            return .now(.json(.badRequest, StatusDocument.error("expected /where?id=ID, percent-encoded")))
        default:
            let paths = "only /healthz, /readyz, /status, /where and /metrics are here"
            return .now(.json(.notFound, StatusDocument.error(paths)))
        }
    }

    /// What the stage says; it may never say anything.
    func answer(to question: Question) async -> StatusAnswer {
        switch question {
        case .health: health(await provider.health())
        case .readiness: readiness(await provider.readiness())
        case .status: .json(.ok, StatusDocument.status(await provider.status()))
        case .held(let id): .json(.ok, StatusDocument.held(id: id, await provider.held(id: id)))
        }
    }

    /// The answer when the stage gives none.
    func silence(about question: Question) -> StatusAnswer {
        switch question {
        case .health: health(.failing(reason: Self.silence))
        case .readiness: readiness(.notReady(reason: Self.silence))
        case .status, .held: .json(.unavailable, StatusDocument.error(Self.silence))
        }
    }

    private func health(_ health: Health) -> StatusAnswer {
        .json(health == .ok ? .ok : .unavailable, StatusDocument.health(health))
    }

    private func readiness(_ readiness: Readiness) -> StatusAnswer {
        let code: StatusAnswer.Code = if case .notReady = readiness { .unavailable } else { .ok }
        return .json(code, StatusDocument.readiness(readiness))
    }

    private func metrics() -> StatusAnswer {
        var text: [UInt8] = []
        registry.emit(into: &text)
        return StatusAnswer(code: .ok, type: "text/plain; version=0.0.4; charset=utf-8", body: text)
    }

    private static let silence = "the stage does not answer"
}
