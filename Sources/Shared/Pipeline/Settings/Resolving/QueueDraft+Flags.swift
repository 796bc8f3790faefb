/// The flags of one family, such as `redis.`, that say something about a queue.
struct QueueFlagFamily {
    let prefix: String
    let nameFlag: String
    let resultFlag: String?
    let retryFlag: String?

    init(_ implementation: QueueImplementation) {
        switch implementation {
        case .redisPubSub, .redisSortedSet:
            self.init("redis.", "request-queue-name", "result-queue-name", "retry-queue-name")
        case .googlePubSub: self.init("pubsub.", "request-subscriber-id", "result-topic-id", nil)
        case .sqlite: self.init("sqlite.", "request-queue-name", nil, nil)
        }
    }

    private init(_ prefix: String, _ nameFlag: String, _ resultFlag: String?, _ retryFlag: String?) {
        self.prefix = prefix
        self.nameFlag = prefix + nameFlag
        self.resultFlag = resultFlag.map { prefix + $0 }
        self.retryFlag = retryFlag.map { prefix + $0 }
    }

    /// What the flags without index say; they are the defaults of all queues.
    func defaults<Kind: StageKind>(_ flags: StageCommand<Kind>) -> QueueDraft {
        var draft = QueueDraft(subject: "--\(nameFlag)", gatewaySubject: "--\(prefix)inference-gateway")
        switch prefix {
        case "redis.":
            draft.name = flags.redis.requestQueueName
            draft.retryQueue = flags.redis.retryQueueName
            draft.resultQueue = flags.redis.resultQueueName
            draft.gateway = flags.redis.inferenceGateway
            draft.objective = flags.redis.inferenceObjective
        case "pubsub.":
            draft.name = flags.pubsub.requestSubscriberID
            draft.resultQueue = flags.pubsub.resultTopicID
            draft.gateway = flags.pubsub.inferenceGateway
            draft.objective = flags.pubsub.inferenceObjective
        default:
            draft.name = flags.sqlite.requestQueueName
            draft.gateway = flags.sqlite.inferenceGateway
            draft.objective = flags.sqlite.inferenceObjective
        }
        return draft
    }

    /// What the flags with each index say, by index.
    func indexed(_ values: [IndexedName: String]) throws(SettingsError) -> [Int: QueueDraft] {
        var drafts: [Int: QueueDraft] = [:]
        for (name, value) in values where name.flag.hasPrefix(prefix) {
            var draft =
                drafts[name.index]
                ?? QueueDraft(
                    subject: "--\(nameFlag).\(name.index)",
                    gatewaySubject: "--\(prefix)inference-gateway.\(name.index)")
            if value.isEmpty, !name.flag.hasSuffix("objective") { throw SettingsError(name.text, "must not be empty") }
            switch name.flag {
            case nameFlag: draft.name = value
            case resultFlag: draft.resultQueue = value
            case retryFlag: draft.retryQueue = value
            case prefix + "inference-gateway": draft.gateway = value
            default: draft.objective = value
            }
            drafts[name.index] = draft
        }
        return drafts
    }

    /// The queues that the flags name, in order: the one without index first, which is also number 1.
    func drafts<Kind: StageKind>(
        _ launch: Launch<Kind>, defaultName: String?
    ) throws(SettingsError) -> [QueueDraft] {
        let defaults = defaults(launch.flags)
        var numbered = try indexed(launch.indexed)
        if numbered.isEmpty || defaults.name != nil || numbered[1] != nil {
            var first = numbered[1] ?? QueueDraft(subject: defaults.subject, gatewaySubject: defaults.gatewaySubject)
            first.name = first.name ?? defaults.name ?? defaultName
            numbered[1] = first
        }
        return numbered.sorted { $0.key < $1.key }.map { $0.value.completed(by: defaults) }
    }
}
