import Foundation
import Queue

/// What the page is told of dead letters, and what it may do with them; each call blocks its thread.
struct LetterDesk: Sendable {
    /// A queue that has some.
    struct Place: Sendable {
        var name: String
        var place: DeadLetterPlace
    }

    /// What the page wants to do with one.
    struct Change: Decodable {
        var queue: String
        var number: String
        /// Also where nothing good will come of it.
        var force: Bool?
    }

    struct ChangeDocument: Encodable {
        var isDone: Bool
        /// What there is to say of it.
        var messages: [String]
    }

    let places: [Place]
    /// Why there are none.
    var note: String?

    /// Letters in a list.
    private static let most = 100

    func list(_ queue: String?) -> UIAnswer {
        answer(queue) { (store) throws(QueueError) in
            var lines: [LetterLine] = []
            let count = try store.scan(first: Self.most) { lines.append(LetterLine($0)) }
            return .json(LetterListDocument(lines, count: count, place: store.place))
        }
    }

    func show(_ queue: String?, number: String) -> UIAnswer {
        answer(queue) { (store) throws(QueueError) in
            let (desk, said) = Self.desk(store)
            let letters = try desk.select(.some([number], .numbers), takesPlaces: false).letters
            guard let letter = letters.first else { return .error(404, said.messages.joined(separator: " ")) }
            return .json(LetterDocument(letter))
        }
    }

    func requeue(_ body: [UInt8]) -> UIAnswer {
        change(body) { (desk, change) throws(QueueError) in
            try desk.requeue(.some([change.number], .numbers), isForced: change.force == true)
        }
    }

    func delete(_ body: [UInt8]) -> UIAnswer {
        change(body) { (desk, change) throws(QueueError) in
            try desk.delete(.some([change.number], .numbers), asJSON: false)
        }
    }

    private func change(
        _ body: [UInt8], _ work: (DeadLetterDesk, Change) throws(QueueError) -> Bool
    ) -> UIAnswer {
        guard let change = try? JSONDecoder().decode(Change.self, from: Data(body)) else {
            return .error(400, "expected {\"queue\": …, \"number\": …}")
        }
        return answer(change.queue) { (store) throws(QueueError) in
            let (desk, said) = Self.desk(store)
            let isDone = try work(desk, change)
            return .json(ChangeDocument(isDone: isDone, messages: said.messages))
        }
    }

    private func answer(
        _ queue: String?, _ work: (any DeadLetterStore) throws(QueueError) -> UIAnswer
    ) -> UIAnswer {
        guard let place = places.first(where: { queue == nil || $0.name == queue }) else {
            return .error(404, "no queue of that name has dead letters that can be looked at here")
        }
        do throws(QueueError) {
            return try work(try place.place.open())
        } catch {
            return .error(503, "\(error)")
        }
    }

    private static func desk(_ store: any DeadLetterStore) -> (DeadLetterDesk, Said) {
        let said = Said()
        let output = Output(
            out: { said.messages += String(decoding: $0, as: UTF8.self).split(separator: "\n").map(String.init) },
            error: { said.messages.append($0) })
        return (DeadLetterDesk(store: store, output: output, now: Int64(Clock.now)), said)
    }
}

/// What a desk has said.
private final class Said {
    var messages: [String] = []
}
