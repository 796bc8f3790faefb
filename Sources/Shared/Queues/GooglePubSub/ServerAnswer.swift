import Foundation
import HTTP
import Messages

/// What the server said instead of what was asked for.
///
///     {"error": {"code": 404, "message": "Resource not found", "status": "NOT_FOUND",
///       "details": [{"@type": "…/google.rpc.ErrorInfo", "reason": "…", "metadata": {"ack id": "PERMANENT_FAILURE_…"}}]}}
///
/// Source: google.aip.dev/193; cloud.google.com/pubsub/docs/reference/error-codes
struct ServerAnswer: Decodable {
    struct Failure: Decodable {
        struct Detail: Decodable {
            let reason: String?
            let metadata: [String: String]?
        }

        let message: String?
        let status: String?
        let details: [Detail]?
    }

    let error: Failure?

    /// The error that a status other than 2xx stands for.
    static func error(_ response: HTTPResponse, _ action: String) -> GooglePubSubError {
        let failure = (try? JSONDecoder().decode(ServerAnswer.self, from: Data(response.body)))?.error
        let status = failure?.status ?? ""
        let kind = kind(response.statusCode, status)
        let message = (failure?.message ?? "").split(whereSeparator: \.isNewline).joined(separator: " ").prefix(300)
        var reason = [String(response.statusCode), status, String(message)].filter { !$0.isEmpty }
            .joined(separator: " ")
        let cause = failure?.details?.lazy.compactMap(\.reason).first
        if let cure = cure(kind, action, cause) { reason += "; \(cure)" }
        var failures: [String: String] = [:]
        for (id, text) in (failure?.details ?? []).flatMap({ $0.metadata ?? [:] }) where text.contains("_FAILURE_") {
            failures[id] = text
        }
        return GooglePubSubError(kind, action, reason, failures: failures)
    }

    private static func kind(_ code: Int, _ status: String) -> GooglePubSubError.Kind {
        switch (code, status) {
        case (404, _): .notFound
        case (401, _): .unauthenticated
        case (403, _): .denied
        case (500, _): .fault
        case (400, "FAILED_PRECONDITION"): .precondition
        case (408, _), (429, _), (499, _), (500..., _), (_, "ABORTED"), (_, "UNAVAILABLE"): .unavailable
        default: .invalid
        }
    }

    /// What an operator has to do.
    ///
    /// - Parameter cause: of a denial; others than a missing right (a service that is off, billing, a quota project) are
    ///   told by the server.
    private static func cure(_ kind: GooglePubSubError.Kind, _ action: String, _ cause: String?) -> String? {
        switch kind {
        case .notFound: "it must be created; docs/pubsub.md says how"
        case .denied where cause == nil || cause == "IAM_PERMISSION_DENIED": "it takes \(role(for: action))"
        case .denied: cause
        case .unauthenticated: "the credentials are not good; docs/pubsub.md says where they are looked for"
        default: nil
        }
    }

    private static func role(for action: String) -> String {
        if action.contains("timeSeries") { return "roles/monitoring.viewer on the project" }
        if action.hasSuffix(":publish") { return "roles/pubsub.publisher on the topic" }
        return action.hasPrefix("GET")
            ? "roles/pubsub.viewer on the subscription" : "roles/pubsub.subscriber on the subscription"
    }
}
