import Messages
import Queue

extension QueueServer {
    /// What the flags without index say; they are the defaults of all queues.
    func defaults<Kind: StageKind>(_ given: StageCommand<Kind>) -> QueueDraft {
        var draft = QueueDraft(subject: "--\(flags.name)", gatewaySubject: "--\(flags.gateway)")
        (draft.poolSubject, draft.objectiveSubject) = ("--\(flags.pool)", "--\(flags.objective)")
        switch self {
        case .redis:
            draft.name = given.redis.requestQueueName
            draft.retryQueue = given.redis.retryQueueName
            draft.resultQueue = given.redis.resultQueueName
            draft.gateway = given.redis.inferenceGateway
            draft.objective = given.redis.inferenceObjective
            draft.pool = given.redis.workerPoolID
        case .googlePubSub:
            draft.name = given.pubsub.requestSubscriberID
            draft.resultQueue = given.pubsub.resultTopicID
            draft.gateway = given.pubsub.inferenceGateway
            draft.objective = given.pubsub.inferenceObjective
            draft.pool = given.pubsub.workerPoolID
        case .sqlite:
            draft.name = given.sqlite.requestQueueName
            draft.gateway = given.sqlite.inferenceGateway
            draft.objective = given.sqlite.inferenceObjective
            draft.pool = given.sqlite.workerPoolID
        }
        return draft
    }

    /// What the flags with each index say, by index.
    func indexed(_ values: [IndexedName: String]) throws(SettingsError) -> [Int: QueueDraft] {
        var drafts: [Int: QueueDraft] = [:]
        for (name, value) in values where name.flag.hasPrefix(flags.prefix) {
            var draft =
                drafts[name.index]
                ?? QueueDraft(
                    subject: "--\(flags.name).\(name.index)", gatewaySubject: "--\(flags.gateway).\(name.index)")
            if value.isEmpty, name.flag != flags.objective, name.flag != flags.pool {
                throw SettingsError(name.text, "must not be empty")
            }
            switch name.flag {
            case flags.name: draft.name = value
            case flags.results: draft.resultQueue = value
            case flags.retries: draft.retryQueue = value
            case flags.gateway: draft.gateway = value
            case flags.pool: (draft.pool, draft.poolSubject) = (value, name.text)
            default: (draft.objective, draft.objectiveSubject) = (value, name.text)
            }
            drafts[name.index] = draft
        }
        return drafts
    }

    /// The queues that the flags name, in order.
    ///
    /// The one without index is number 1, and always there: other numbers add queues and take none away.
    func drafts<Kind: StageKind>(
        _ launch: Launch<Kind>, defaultName: String?
    ) throws(SettingsError) -> [QueueDraft] {
        let defaults = defaults(launch.flags)
        var numbered = try indexed(launch.indexed)
        numbered[1] = try first(numbered, defaults, defaultName)
        return numbered.sorted { $0.key < $1.key }.map { $0.value.completed(by: defaults) }
    }

    private func first(
        _ numbered: [Int: QueueDraft], _ defaults: QueueDraft, _ defaultName: String?
    ) throws(SettingsError) -> QueueDraft {
        var first = numbered[1] ?? QueueDraft(subject: defaults.subject, gatewaySubject: defaults.gatewaySubject)
        if let own = first.name, let other = defaults.name, ExactText(own) != ExactText(other) {
            throw SettingsError(
                first.subject,
                "the first queue is \(own) here and \(other) in --\(flags.name), which is the same flag; "
                    + "leave one of them out, or give \(own) another number")
        }
        first.name = first.name ?? defaults.name ?? defaultName
        if first.name == nil, let other = numbered.keys.filter({ $0 > 1 }).min() {
            throw SettingsError(
                defaults.subject,
                "is missing; it names the first queue, and --\(flags.name).\(other) adds one to it")
        }
        return first
    }
}
