/// What an answer says when its length and its time come from the capacity model.
struct CapacityAnswer {
    /// Words of the answer; its `usage` says as many.
    var outputTokens: Int
    /// Whether `max_tokens` cut it.
    var isCut: Bool
    /// When what happened; `nil` for saying nothing about it.
    var timing: CapacityJob?

    /// The length that an answer to `request` has: drawn by its body, which always gives the same, and cut by `max_tokens`.
    init(to request: GatewayRequest, _ prompt: Prompt, _ settings: CapacitySettings) {
        guard request.pathWithoutQuery != "/v1/embeddings" else {
            (outputTokens, isCut) = (1, false)
            return
        }
        var random = GatewayRandom(seed: fingerprint(request.body))
        let length = settings.outputTokens.sample(&random)
        (outputTokens, isCut) = (max(1, min(length, prompt.maxTokens)), length > prompt.maxTokens)
    }

    /// A member for the end of the answer's document, with a comma before it; empty without `timing`.
    ///
    /// Source: vLLM's documentation of per-request metrics; there, too, the time to the first token starts when the request
    /// was scheduled.
    var metrics: String {
        guard let job = timing else { return "" }
        let generation = job.ended - job.first
        let speed = generation > 0 ? Double(job.outputTokens - 1) / generation : 0
        return #","metrics":{"time_to_first_token_ms":\#(milliseconds(job.first - job.started)),"#
            + #""generation_time_ms":\#(milliseconds(generation)),"queue_time_ms":\#(milliseconds(job.queued)),"#
            + #""mean_itl_ms":\#(milliseconds(job.timePerToken ?? 0)),"tokens_per_second":\#((speed * 10).rounded() / 10)}"#
    }

    private func milliseconds(_ seconds: Double) -> Double { (seconds * 1e6).rounded() / 1000 }
}
