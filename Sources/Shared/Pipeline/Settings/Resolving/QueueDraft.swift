import GateRules
import Messages
import Queue

/// What flags or a file say about one queue; whatever is `nil` is left to the defaults.
struct QueueDraft: Equatable {
    /// For messages: the flag, or the place in the file, that names the queue.
    var subject: String
    /// The same for the gateway.
    var gatewaySubject: String
    /// The same for the pool and the objective, where they were said.
    var poolSubject: String?
    var objectiveSubject: String?
    var id: String?
    var name: String?
    var retryQueue: String?
    var resultQueue: String?
    /// A full URL.
    var gateway: String?
    /// A base URL, to which a path is joined.
    var gatewayBase: String?
    var gatewayPath: String?
    var objective: String?
    var pool: String?
    var labels: [String: String] = [:]
    var gate = GateSettings.constant

    /// What is not set here is taken from `defaults`.
    func completed(by defaults: QueueDraft) -> QueueDraft {
        var draft = self
        draft.retryQueue = retryQueue ?? defaults.retryQueue
        if objective == nil {
            (draft.objective, draft.objectiveSubject) = (defaults.objective, defaults.objectiveSubject)
        }
        if pool == nil { (draft.pool, draft.poolSubject) = (defaults.pool, defaults.poolSubject) }
        if gateway == nil, gatewayBase == nil, let gateway = defaults.gateway {
            draft.gateway = gateway
            draft.gatewaySubject = defaults.gatewaySubject
        }
        return draft
    }

    /// - Parameters:
    ///   - resultDefault: Where results go when neither the queue nor the message says.
    ///   - gatewayDefault: `nil` where the queue must say it.
    func settings(resultDefault: String, gatewayDefault: String?) throws(SettingsError) -> QueueSettings {
        guard let name else { throw SettingsError(subject, "is missing") }
        return QueueSettings(
            id: id ?? name,
            name: name,
            retryQueue: retryQueue ?? "retry-sortedset",
            resultDestination: resultQueue,
            defaultResultDestination: resultDefault,
            target: try target(gatewayDefault),
            objective: try checkedObjective(),
            pool: try checkedPool(),
            labels: labels,
            gate: gate
        )
    }

    private func target(_ gatewayDefault: String?) throws(SettingsError) -> GatewayTarget {
        let target: GatewayTarget
        if let gatewayBase {
            target = .base(gatewayBase, path: gatewayPath ?? "/v1/completions")
        } else if let gateway = gateway ?? gatewayDefault {
            target = .url(gateway)
        } else {
            throw SettingsError(gatewaySubject, "is missing")
        }
        do { try target.check() } catch { throw SettingsError(gatewaySubject, error.reason) }
        guard gatewayBase == nil, let gatewayPath else { return target }
        do { return .url(try target.resolve(endpoint: gatewayPath)) } catch {
            throw SettingsError(gatewaySubject, error.reason)
        }
    }

    /// It becomes the value of a header.
    private func checkedObjective() throws(SettingsError) -> String {
        let objective = objective ?? ""
        guard objective.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw SettingsError(objectiveSubject ?? subject, "the inference objective holds control characters")
        }
        return objective
    }

    /// It becomes a label of metrics, and travels with each request.
    private func checkedPool() throws(SettingsError) -> String {
        let pool = pool ?? ""
        guard pool.utf8.count <= 200, pool.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw SettingsError(
                poolSubject ?? subject, "the id of the worker pool has more than 200 bytes, or control characters")
        }
        return pool
    }
}

/// A queue's name stands once.
func checkUnique(_ queues: [(subject: String, settings: QueueSettings)]) throws(SettingsError) {
    var names: Set<ExactText> = []
    var ids: Set<ExactText> = []
    for (subject, settings) in queues {
        guard names.insert(ExactText(settings.name)).inserted else {
            throw SettingsError(subject, "another queue has the name \(settings.name)")
        }
        guard ids.insert(ExactText(settings.id)).inserted else {
            throw SettingsError(subject, "another queue has the id \(settings.id)")
        }
    }
}
