import Foundation
import Messages

/// One place where a request is, as a stage or the queue says it.
struct Whereabouts: Equatable {
    /// Such as `dispatch at http://127.0.0.1:9092` and `the queue batch`.
    var witness: String
    var queue: String
    var token: String?
    /// Such as `waits for a slot in dispatch`.
    var place: String
    var reason: String?
    /// How long it has been there, seconds.
    var seconds: Double?
    var failedAttempts: Int?
    /// When it is over, for people.
    var deadline: String?
    var url: String?

    /// For people: where it is, and lines below that say more.
    var text: String {
        var head = "\(witness.onOneLine): \(place.onOneLine)"
        if let seconds { head += " for \(TimeSpan(seconds: seconds))" }
        var lines = [head]
        if let reason { lines.append(reason.onOneLine) }
        var facts = ["queue \(queue.onOneLine)"]
        if let token { facts.append("request token \(token.onOneLine)") }
        if let failedAttempts {
            facts.append(failedAttempts == 1 ? "1 attempt has failed" : "\(failedAttempts) attempts have failed")
        }
        if let deadline { facts.append("deadline \(deadline.onOneLine)") }
        if let url { facts.append("to \(url.onOneLine)") }
        lines.append(facts.joined(separator: ", "))
        return lines.joined(separator: "\n    ") + "\n"
    }
}

/// Somebody who was asked where a request is.
struct Witness {
    var name: String
    var answer: Result<[Whereabouts], Failure>
    /// How many more there are of which it does not tell.
    var leftOut = 0

    /// Why there is no answer.
    struct Failure: Error, Equatable { var reason: String }

    /// What `/where` of a stage says.
    static func reading(_ body: String, of name: String) -> Witness {
        struct Document: Decodable {
            struct Held: Decodable {
                var queue: String
                var token: String?
                var place: String
                var reason: String?
                var for_seconds: Double?
                var deadline: String?
                var failed_attempts: Int?
                var url: String?
            }
            var held: [Held]
            var left_out: Int?
        }
        guard let document = try? JSONDecoder().decode(Document.self, from: Data(body.utf8)) else {
            let reason =
                StageStatusDocument.text("error", in: body) ?? "what answers there is no stage that knows /where"
            return Witness(name: name, answer: .failure(Failure(reason: reason)))
        }
        let found = document.held.map {
            Whereabouts(
                witness: name, queue: $0.queue, token: $0.token, place: $0.place, reason: $0.reason,
                seconds: $0.for_seconds, failedAttempts: $0.failed_attempts, deadline: $0.deadline, url: $0.url)
        }
        return Witness(name: name, answer: .success(found), leftOut: min(max(0, document.left_out ?? 0), 1 << 40))
    }

    /// That it does not tell of all, for people; `nil` when it does.
    var more: String? {
        guard leftOut > 0, let told = try? answer.get().count else { return nil }
        return "\(name.onOneLine): \(leftOut) more with this id; it tells of \(told) at most"
    }

    /// What all of them say, for people.
    static func text(_ witnesses: [Witness], id: String) -> String {
        let found = witnesses.flatMap { (try? $0.answer.get()) ?? [] }
        var text = found.map(\.text).joined()
        if found.isEmpty { text += "Nobody who was asked has the request \(id.onOneLine).\n" }
        text += witnesses.compactMap(\.more).map { $0 + "\n" }.joined()
        for witness in witnesses {
            if case .failure(let failure) = witness.answer {
                text += "Not known: \(witness.name.onOneLine): \(failure.reason.onOneLine)\n"
            }
        }
        return text
    }
}
