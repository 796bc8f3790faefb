import Messages
import Queue

/// No name stands for two things: results among the requests, or one queue's claims in another's retry set, would stop
/// them all.
func checkPurposes(
    _ queues: [(subject: String, settings: QueueSettings)], _ kind: QueueKind
) throws(SettingsError) {
    var purposes: [ExactText: String] = [:]
    func note(_ name: String, _ purpose: String, _ subject: String) throws(SettingsError) {
        if let other = purposes.updateValue(purpose, forKey: ExactText(name)), other != purpose {
            throw SettingsError(subject, "\(name) is both the \(other) and the \(purpose)")
        }
    }
    switch kind.descriptor.names {
    case nil: return
    case .channels:
        // Channels and keys do not meet.
        for (subject, queue) in queues { try note(queue.name, "request channel", subject) }
        for (subject, queue) in queues {
            try note(queue.resultDestination ?? queue.defaultResultDestination, "result channel", subject)
        }
    case .keys:
        for (subject, queue) in queues {
            try note(queue.name, "request set", subject)
            try note(queue.retryQueue, "retry set", subject)
            try note("\(queue.name):dead-letter", "list of dead letters of \(queue.name)", subject)
        }
        let reserved = ReservedNames(.keys)
        for (subject, queue) in queues {
            let results = queue.resultDestination ?? queue.defaultResultDestination
            try note(results, "result list", subject)
            for name in [queue.name, queue.retryQueue, results] {
                if let problem = reserved.problem(name) { throw SettingsError(subject, problem) }
            }
        }
    }
}
