/// Quotas in tokens: how many an answer took is known only when it is there, so a request goes while less than the limit is
/// used, and its answer is charged afterwards.
extension QuotaSettings {
    /// The key of the bucket of one value, such as `quota:userid:alice:tokens:1000/60s`.
    ///
    /// What is in a bucket means something with its limit and window only, so they are in its name: a quota for a minute
    /// and one for a day stand side by side, and beside those that count requests.
    package func tokensKey(for value: String) -> String { "\(key(for: value))\(tokensSuffix)" }

    var valuesPrefix: String { "\(prefix)\(attribute):" }

    var tokensSuffix: String {
        let milliseconds = Int64(window / .milliseconds(1))
        let time = milliseconds % 1000 == 0 ? "\(milliseconds / 1000)s" : "\(milliseconds)ms"
        return ":tokens:\(limit)/\(time)"
    }
}

/// The quotas in tokens of one queue: which of them is charged by which key.
package struct TokenQuotas: Sendable {
    /// One bucket.
    package struct Bucket: Sendable, Hashable {
        package let quota: QuotaSettings
        package let value: String

        package var key: String { quota.tokensKey(for: value) }
    }

    private struct Pattern: Sendable {
        let quota: QuotaSettings
        let prefix: [UInt8]
        let suffix: [UInt8]
    }
    private let patterns: [Pattern]

    package init(_ gate: GateSettings) {
        patterns = GatePlan(gate).tokenQuotas.map {
            Pattern(quota: $0, prefix: Array($0.valuesPrefix.utf8), suffix: Array($0.tokensSuffix.utf8))
        }
    }

    package var quotas: [QuotaSettings] { patterns.map(\.quota) }

    /// The bucket that has this key; `nil` if it is of none of these quotas.
    package func bucket(at key: String) -> Bucket? {
        let bytes = Array(key.utf8)
        // An empty value is a value.
        for pattern in patterns where bytes.count >= pattern.prefix.count + pattern.suffix.count {
            guard bytes.starts(with: pattern.prefix), bytes.suffix(pattern.suffix.count).elementsEqual(pattern.suffix)
            else { continue }
            let value = bytes[pattern.prefix.count..<(bytes.count - pattern.suffix.count)]
            return Bucket(quota: pattern.quota, value: String(decoding: value, as: UTF8.self))
        }
        return nil
    }
}

extension GatePlan {
    /// Those of its quotas that count tokens, each once.
    package var tokenQuotas: [QuotaSettings] {
        leaves.reduce(into: []) { quotas, leaf in
            guard case .quota(let quota) = leaf.settings, quota.mode == .tokens, !quotas.contains(quota) else { return }
            quotas.append(quota)
        }
    }
}
