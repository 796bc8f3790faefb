package import Messages
import Primitives
package import Status

extension HeldRequest {
    /// - Parameters:
    ///   - place: where it is, such as `waits for a slot`.
    ///   - reason: what must happen for it to go on; empty where the place says so.
    ///   - age: how long it has been there.
    package init(_ envelope: Envelope, place: String, reason: String = "", age: Duration? = nil) {
        self.init(
            queue: envelope.queue, token: envelope.requestToken, place: place, reason: reason, age: age,
            leasedAt: WallClock(milliseconds: envelope.leasedAt),
            deadline: WallClock(seconds: envelope.deadline),
            failedAttempts: envelope.failedAttempts, url: envelope.url.isEmpty ? "" : redacted(envelope.url))
    }
}

extension Progress {
    /// How far a request has come, for people.
    var words: String {
        switch self {
        case .waiting: "to be sent to its gateway"
        case .failed(let attempt): "an attempt failed (\(attempt.reason)); retry decides what follows"
        case .ended(.result(.answer(let code, _))): "answered with \(code)"
        case .ended(.result(.failure(let code, let message))): "ended with \(code.rawValue): \(message)"
        case .ended(.parked(let milliseconds)): "to be tried again in \(Double(milliseconds) / 1000) s"
        case .ended(.released): "goes back into its queue"
        case .ended(.deadLetter(let reason)): "a dead letter: \(reason)"
        }
    }
}
