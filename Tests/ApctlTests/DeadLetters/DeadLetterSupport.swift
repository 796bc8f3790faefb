import Foundation
import Messages
import Redis
import RedisQueues

@testable import Apctl

/// What a desk has written.
final class Written {
    var out: [UInt8] = []
    var errors: [String] = []
    var text: String { String(decoding: out, as: UTF8.self) }
    var lines: [String] { text.split(separator: "\n").map(String.init) }

    func desk(_ store: any DeadLetterStore, now: Int64 = 1_700_000_000) -> DeadLetterDesk {
        DeadLetterDesk(
            store: store, output: Output(out: { self.out += $0 }, error: { self.errors.append($0) }), now: now)
    }
}

/// A letter as emit writes it.
func element(
    _ id: String, _ body: some Sequence<UInt8>, queue: String = "q", reason: String = "lost",
    time: Int64 = 1_764_045_130
) -> [UInt8] {
    DeadLetterDocument(
        queue: queue, id: id, reason: reason, time: time, deliveries: 6, attempts: 2, body: Array(body)[...]
    ).encoded
}

/// A request that can be answered for a long time, unless told otherwise.
func request(_ id: String, deadline: String = "\"9999999999\"") -> [UInt8] {
    Array("{ \"id\":\"\(id)\",\"deadline\":\(deadline),\"payload\":{\"prompt\":\"é\"}}".utf8)
}

func letter(_ id: String, place: Int64, body: [UInt8] = request("x")) -> DeadLetter {
    DeadLetter(element: element(id, body), place: place, queue: "q")
}
