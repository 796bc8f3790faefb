import Attempts
import Messages

extension TokenUsage {
    init(_ figures: AnswerFigures?) {
        // What is not told apart is charged all the same.
        self.init(
            prompt: figures?.promptTokens ?? figures?.undividedTokens ?? 0, completion: figures?.completionTokens ?? 0)
    }
}

extension Envelope {
    /// After a 401 that was meant for this deployment: it does not count for the length of the back-off.
    var whoseTokenIsRefused: Envelope {
        guard case .failed(var attempt) = progress, attempt.statusCode == 401 else { return self }
        attempt.isUnreached = true
        var envelope = self
        envelope.progress = .failed(attempt)
        return envelope
    }
}
