import Messages

/// Answers in the shape of the OpenAI API, derived from the request alone.
struct OpenAI {
    static let inferencePaths: Set<String> = ["/v1/completions", "/v1/chat/completions", "/v1/embeddings"]
    private let models: [String]
    private let servesOthers: Bool

    /// - Parameter servesOthers: Whether requests for models not among `models` are answered as well.
    init(models: [String], servesOthers: Bool = true) {
        self.models = models
        self.servesOthers = servesOthers
    }

    /// What the answer to a POST depends on; `nil` when that is an error.
    func prompt(of request: GatewayRequest) -> Prompt? {
        guard request.isInference, let prompt = Prompt(request.body) else { return nil }
        return servesOthers || models.contains(prompt.model) ? prompt : nil
    }

    /// The answer to a POST; counts its tokens.
    ///
    /// - Parameter measured: Its length, where that is not for the model to say.
    func answer(
        _ request: GatewayRequest, measured: CapacityAnswer? = nil, tokens: inout GatewayCounters.TokenCounts
    ) -> HTTPResponse {
        let path = request.pathWithoutQuery
        guard Self.inferencePaths.contains(path) else { return OpenAIError.notFound(path) }
        guard request.method == "POST" else {
            return .error(405, "Method \(request.method) is not allowed here.", type: "invalid_request_error")
        }
        guard let prompt = Prompt(request.body) else {
            return .error(400, "The body is not a JSON object.", type: "invalid_request_error")
        }
        guard servesOthers || models.contains(prompt.model) else { return .modelNotFound(prompt.model, models) }
        let id = hex(fingerprint(request.body))
        let body =
            switch path {
            case "/v1/chat/completions": chat(prompt, id: id, measured, &tokens)
            case "/v1/embeddings": embeddings(prompt, measured, &tokens)
            default: completion(prompt, id: id, measured, &tokens)
            }
        return HTTPResponse(status: 200, body: body)
    }

    var modelList: [UInt8] {
        let list = models.map { #"{"id":\#(quoted($0)),"object":"model","created":1700000000,"owned_by":"apctl"}"# }
        return Array(#"{"object":"list","data":[\#(list.joined(separator: ","))]}"#.utf8)
    }

    private func completion(
        _ prompt: Prompt, id: String, _ measured: CapacityAnswer?, _ tokens: inout GatewayCounters.TokenCounts
    ) -> [UInt8] {
        let answer = SimulatedModel.answer(to: prompt.text, maxTokens: prompt.maxTokens, measured)
        let choice = #"{"index":0,"text":\#(quoted(answer.text)),"logprobs":null,"finish_reason":"\#(answer.finish)"}"#
        return document(prompt, id: "cmpl-\(id)", object: "text_completion", choice, answer, measured, &tokens)
    }

    private func chat(
        _ prompt: Prompt, id: String, _ measured: CapacityAnswer?, _ tokens: inout GatewayCounters.TokenCounts
    ) -> [UInt8] {
        let answer = SimulatedModel.answer(to: prompt.text, maxTokens: prompt.maxTokens, measured)
        let message = #"{"role":"assistant","content":\#(quoted(answer.text))}"#
        let choice = #"{"index":0,"message":\#(message),"logprobs":null,"finish_reason":"\#(answer.finish)"}"#
        return document(prompt, id: "chatcmpl-\(id)", object: "chat.completion", choice, answer, measured, &tokens)
    }

    private func document(
        _ prompt: Prompt, id: String, object: String, _ choice: String, _ answer: SimulatedModel.Answer,
        _ measured: CapacityAnswer?, _ tokens: inout GatewayCounters.TokenCounts
    ) -> [UInt8] {
        let asked = SimulatedModel.tokens(in: prompt.text)
        tokens.prompt += asked
        tokens.completion += answer.tokens
        let usage =
            #"{"prompt_tokens":\#(asked),"completion_tokens":\#(answer.tokens),"total_tokens":\#(asked + answer.tokens)}"#
        let head = #"{"id":"\#(id)","object":"\#(object)","created":1700000000,"model":\#(quoted(prompt.model)),"#
        return Array((head + #""choices":[\#(choice)],"usage":\#(usage)\#(measured?.metrics ?? "")}"#).utf8)
    }

    private func embeddings(
        _ prompt: Prompt, _ measured: CapacityAnswer?, _ tokens: inout GatewayCounters.TokenCounts
    ) -> [UInt8] {
        let asked = prompt.inputs.reduce(0) { $0 + SimulatedModel.tokens(in: $1) }
        tokens.prompt += asked
        let data = prompt.inputs.enumerated().map { index, input in
            var random = GatewayRandom(seed: fingerprint(input.utf8))
            let numbers = (0..<16).map { _ in "\((random.uniform() * 2 - 1) / 4)" }.joined(separator: ",")
            return #"{"object":"embedding","index":\#(index),"embedding":[\#(numbers)]}"#
        }
        let head = #"{"object":"list","model":\#(quoted(prompt.model)),"data":[\#(data.joined(separator: ","))],"#
        return Array(
            (head + #""usage":{"prompt_tokens":\#(asked),"total_tokens":\#(asked)}\#(measured?.metrics ?? "")}"#).utf8)
    }

    private func quoted(_ text: String) -> String { JSONText.literal(text) }

    private func hex(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

/// Errors in the shape of the OpenAI API.
enum OpenAIError {
    static func body(_ message: String, type: String, status: Int) -> [UInt8] {
        let message = JSONText.literal(message)
        return Array(#"{"error":{"message":\#(message),"type":"\#(type)","param":null,"code":\#(status)}}"#.utf8)
    }

    static func refusal(_ status: Int) -> [UInt8] {
        status == 429
            ? body("Too many requests: try again later.", type: "rate_limit_error", status: status)
            : body("The model is not available: try again later.", type: "server_error", status: status)
    }

    static func notFound(_ path: String) -> HTTPResponse {
        .error(404, "There is nothing at \(path).", type: "not_found_error")
    }
}

extension HTTPResponse {
    static func error(_ status: Int, _ message: String, type: String) -> HTTPResponse {
        HTTPResponse(status: status, body: OpenAIError.body(message, type: type, status: status))
    }

    /// As vLLM answers, and which models there are.
    static func modelNotFound(_ model: String, _ models: [String]) -> HTTPResponse {
        .error(
            404, "The model `\(model)` does not exist; served here: \(models.joined(separator: ", ")).",
            type: "NotFoundError")
    }
}
