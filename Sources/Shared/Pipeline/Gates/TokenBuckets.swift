package import GateRules
import Redis

/// The buckets of quotas in tokens on one Redis server, as the stage sees them that charges answers to them.
package struct TokenBuckets: Sendable {
    /// Tokens for one bucket.
    package struct Charge: Sendable, Equatable {
        package let bucket: TokenQuotas.Bucket
        package let tokens: Int

        package init(_ bucket: TokenQuotas.Bucket, tokens: Int) {
            self.bucket = bucket
            self.tokens = tokens
        }
    }

    /// What became of charges that were made together.
    package enum Outcome: Sendable, Equatable {
        /// Made, but for those at these places, with what the server said to the last of them.
        case made(refused: [Int], reason: String)
        /// Whether they were made is not known; they can be made again under the same name.
        case unknown(reason: String)
    }

    private let server: GateRedis

    /// - Parameter address: `host:port`, or a URL.
    /// - Throws: when it makes no sense.
    package init(_ address: String, timeout: Duration = .seconds(2)) throws(GateSettingsError) {
        do throws(RedisError) { server = GateRedis(try RedisURL(address), timeout: timeout) } catch {
            throw GateSettingsError("address of a quota", error.reason)
        }
    }

    /// For people; without a password.
    package var description: String { "\(server.url)" }

    /// Adds what was used; one round trip.
    ///
    /// - Parameters:
    ///   - charges: each bucket once.
    ///   - name: of all of them together, among all processes.
    package func charge(_ charges: [Charge], name: String) async -> Outcome {
        let replies: [RedisReply]
        do throws(RedisError) {
            replies = try await server.run(
                charges.map { GateScripts.charge($0.bucket, tokens: $0.tokens, name: name) })
        } catch {
            return .unknown(reason: "\(error)")
        }
        let errors = replies.enumerated().compactMap { place, reply in reply.error.map { (place, $0) } }
        // A server that is starting or full takes it later; those that were made are not made again.
        if let reason = errors.first(where: { Self.isPassing($0.1) })?.1 {
            return .unknown(reason: "\(server.url): \(reason)")
        }
        return .made(refused: errors.map(\.0), reason: errors.last.map { "\(server.url): \($0.1)" } ?? "")
    }

    private static func isPassing(_ reason: String) -> Bool {
        let refusal = RedisRefusal(reason)
        return refusal.concernsAll || refusal == .memory
    }
}
