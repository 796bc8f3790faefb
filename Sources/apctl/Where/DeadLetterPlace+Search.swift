import Foundation
import Messages
import Primitives
import Queue
import Redis
import RedisSortedSet
import SQLite

extension DeadLetterPlace {
    /// Looks for a request in the queue itself, and among its dead letters; blocks the thread.
    func search(_ id: String) -> [Witness] {
        let id = ExactText(id)
        switch self {
        case .redis(let url, let queue, .sortedSet):
            // What is parked has its record with the queue's own; the retry set need not be known.
            let search = RedisSortedSetSearch(
                client: RedisClient(url, writes: false), keys: RedisSortedSetKeys(queue: queue, retrySet: ""))
            return [witness("the queue \(queue)") { () throws(QueueError) in try search.find(id) }, letters(id, queue)]
        case .redis(_, let queue, .channel): return [letters(id, queue)]
        case .sqlite(let path, let queue):
            return [
                witness("the queue \(queue) in \(path)") { () throws(QueueError) in
                    try QueueDatabase(path: path, create: false).find(id, queue: queue)
                }, letters(id, queue),
            ]
        }
    }

    private func witness(_ name: String, _ find: () throws(QueueError) -> [Whereabouts]) -> Witness {
        do throws(QueueError) {
            return Witness(name: name, answer: .success(try find()))
        } catch {
            return Witness(name: name, answer: .failure(.init(reason: "\(error)")))
        }
    }

    private func letters(_ id: ExactText, _ queue: String) -> Witness {
        witness("the dead letters of \(queue)") { () throws(QueueError) in
            var found: [Whereabouts] = []
            _ = try open().scan(first: nil) { letter in
                guard ExactText(letter.id) == id else { return }
                found.append(
                    Whereabouts(
                        witness: "the dead letters of \(queue)", queue: queue, place: "put aside as \(letter.number)",
                        reason: letter.reason,
                        seconds: letter.time.map { max(0, Double(Clock.now) - Double($0) / 1000) },
                        failedAttempts: letter.attempts))
            }
            return found
        }
    }
}

extension Whereabouts {
    /// A request as its producer wrote it, if it has this id.
    init?(_ body: Bytes, id: ExactText, queue: String, place: String) {
        switch InboundRequest.decode(body) {
        case .request(let request) where ExactText(request.id) == id:
            self.init(
                witness: "the queue \(queue)", queue: queue, token: request.routing.requestToken, place: place,
                deadline: "\(WallClock(seconds: request.deadline))")
        case .invalid(let rejected) where ExactText(rejected.id) == id:
            self.init(
                witness: "the queue \(queue)", queue: queue, token: rejected.routing.requestToken, place: place,
                reason: "it is not valid: \(rejected.reason)")
        default: return nil
        }
    }
}
