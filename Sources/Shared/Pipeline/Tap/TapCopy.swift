import Loop
package import Messages
package import Primitives

/// One envelope as it passed: what a tap shows of it.
package struct TapCopy: Sendable {
    package enum Direction: String, Sendable { case input = "in", output = "out" }

    package var direction: Direction
    /// Both ends, such as `ingest-dispatch`; the queue's side of a stage is `queue-ingest` and `emit-queue`.
    package var link: String
    /// The other end: an address; `nil` on the queue's side.
    package var peer: String?
    /// The message's session and its number there; `nil` on the queue's side.
    package var place: Place?
    package var time: WallClock
    package var envelope: Envelope
    /// What the queue said to it; for copies of what emit has settled.
    package var answer: String?

    /// Which message of which session; the same at both ends of a link, and kept when it is sent again.
    package struct Place: Sendable {
        package var session: UInt64
        package var number: UInt64

        package init(session: UInt64, number: UInt64) {
            self.session = session
            self.number = number
        }
    }

    package init(
        _ envelope: Envelope, _ direction: Direction, link: String, peer: String? = nil, place: Place? = nil,
        answer: String? = nil, time: WallClock
    ) {
        self.direction = direction
        self.link = link
        self.peer = peer
        self.place = place
        self.time = time
        self.envelope = envelope
        self.answer = answer
    }

    /// `<stage>.<in|out>.<queue>.<id>`, where a long queue name or id is cut.
    func topic(stage: String) -> [UInt8] {
        Array("\(stage).\(direction.rawValue).\(shortened(envelope.queue)).\(shortened(envelope.id))".utf8)
    }
}

/// The longest text a copy shows of anything but payloads, in bytes: producers may write longer ids, URLs and so on.
private let maxText = 1024

/// `text`, cut before `limit` bytes where it is longer, with `…` at its end.
func shortened(_ text: String, to limit: Int = maxText) -> String {
    guard text.utf8.count > limit else { return text }
    var end = text.utf8.index(text.startIndex, offsetBy: limit)
    while end.samePosition(in: text.unicodeScalars) == nil { end = text.utf8.index(before: end) }
    return text[..<end] + "…"
}
