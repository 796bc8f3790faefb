import GateRules
import Redis

/// What a server has refused when it was asked about quotas, until it has answered the same again.
///
/// A value.
struct QuotaRefusals: Sendable, Equatable {
    struct Refusal: Sendable, Equatable {
        let quota: QuotaSettings
        /// Of the attribute: asking about it again shows whether it is still so.
        let value: String
        /// The key, the server and its answer.
        let reason: String
        /// It is not about the key of one value: nobody can be asked about.
        let isForAll: Bool
    }

    /// Values come from messages.
    private static let most = 16

    /// The oldest first; one of each quota that is for all, and one of each value.
    private(set) var all: [Refusal] = []

    /// The one that matters most.
    func first(of quota: QuotaSettings) -> Refusal? {
        let mine = all.filter { $0.quota == quota }
        return mine.first(where: \.isForAll) ?? mine.first
    }

    /// The server has answered: it does so for this value, and for the quota at all.
    mutating func answered(_ quota: QuotaSettings, _ value: String) {
        if all.isEmpty { return }
        all.removeAll { $0.quota == quota && ($0.isForAll || $0.value.utf8.elementsEqual(value.utf8)) }
    }

    /// The server has answered with this error.
    mutating func refused(_ quota: QuotaSettings, _ value: String, key: String, server: String, error: String) {
        let isForAll = Self.isForAll(error)
        let refusal = Refusal(
            quota: quota, value: value, reason: "\(key) on \(server): \(error)", isForAll: isForAll)
        let known = all.firstIndex {
            $0.quota == quota && $0.isForAll == isForAll && (isForAll || $0.value.utf8.elementsEqual(value.utf8))
        }
        if let known {
            // For all it is the same, whichever value shows it.
            if !isForAll { all[known] = refusal }
        } else if isForAll || all.count < Self.most {
            all.append(refusal)
        }
    }

    private static func isForAll(_ error: String) -> Bool {
        switch RedisRefusal(error) {
        case .server, .login, .memory, .command, .name: true
        case .wrongType, .tooLarge, .other: false
        }
    }
}
