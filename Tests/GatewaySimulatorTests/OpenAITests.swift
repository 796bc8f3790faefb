import Foundation
import Messages
import Testing

@testable import GatewaySimulator

struct OpenAITests {
    @Test
    func aCompletionHasTheFieldsOfTheAPI() throws {
        let answer = try answer("/v1/completions", #"{"model":"m","prompt":"Review: great coffee. Classify it."}"#)
        #expect(answer["object"] as? String == "text_completion")
        #expect(answer["model"] as? String == "m")
        let choice = try #require((answer["choices"] as? [[String: Any]])?.first)
        #expect(choice["text"] as? String == "food / positive")
        #expect(choice["finish_reason"] as? String == "stop")
        let usage = try #require(answer["usage"] as? [String: Int])
        #expect(usage == ["prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8])
    }

    @Test
    func aChatAnswersWhatAllMessagesSay() throws {
        let body = """
            {"messages":[{"role":"system","content":"What is the sentiment?"},
            {"role":"user","content":[{"type":"text","text":"Review: it is broken \\"and\\" awful"}]}],"max_tokens":1}
            """
        let answer = try answer("/v1/chat/completions", body)
        let choice = try #require((answer["choices"] as? [[String: Any]])?.first)
        #expect((choice["message"] as? [String: String])?["content"] == "negative")
        #expect((choice["message"] as? [String: String])?["role"] == "assistant")
    }

    @Test(arguments: OpenAI.inferencePaths)
    func aModelThatIsNotServedDoesNotExist(path: String) throws {
        let api = OpenAI(models: ["a", "b"], servesOthers: false)
        var tokens = GatewayCounters.TokenCounts()
        #expect(api.answer(request(path, #"{"model":"b","prompt":"x"}"#), tokens: &tokens).status == 200)
        let answer = api.answer(request(path, #"{"model":"c","prompt":"x"}"#), tokens: &tokens)
        #expect(answer.status == 404)
        let error = try #require(try json(answer.body)["error"] as? [String: Any])
        #expect(error["message"] as? String == "The model `c` does not exist; served here: a, b.")
        #expect(error["code"] as? Int == 404)
        #expect(api.answer(request(path, #"{"prompt":"x"}"#), tokens: &tokens).status == 404)
    }

    @Test
    func embeddingsAreNumbersThatDependOnTheInput() throws {
        let answer = try answer("/v1/embeddings", #"{"model":"m","input":["a","b","a"]}"#)
        let data = try #require(answer["data"] as? [[String: Any]])
        let vectors = data.compactMap { $0["embedding"] as? [Double] }
        #expect(vectors.count == 3)
        #expect(vectors.first?.count == 16)
        #expect(vectors.first == vectors.last)
        #expect(vectors[0] != vectors[1])
        #expect(data.map { $0["index"] as? Int } == [0, 1, 2])
    }

    @Test
    func cutsAnAnswerAtMaxTokens() throws {
        let answer = try answer("/v1/completions", #"{"prompt":"Tell me a story","max_tokens":2}"#)
        let choice = try #require((answer["choices"] as? [[String: Any]])?.first)
        #expect(choice["text"] as? String == "A simulated")
        #expect(choice["finish_reason"] as? String == "length")
    }

    @Test
    func theSameRequestHasTheSameAnswer() {
        let request = request("/v1/completions", #"{"prompt":"x"}"#)
        var tokens = GatewayCounters.TokenCounts()
        let api = OpenAI(models: [])
        #expect(api.answer(request, tokens: &tokens) == api.answer(request, tokens: &tokens))
        #expect(tokens == GatewayCounters.TokenCounts(prompt: 2, completion: 12))
    }

    @Test(arguments: ["", "[]", "{", #"{"prompt":"x"} y"#, "null"])
    func refusesABodyThatIsNoObject(body: String) {
        var tokens = GatewayCounters.TokenCounts()
        let answer = OpenAI(models: []).answer(request("/v1/completions", body), tokens: &tokens)
        #expect(answer.status == 400)
        #expect(String(decoding: answer.body, as: UTF8.self).hasPrefix(#"{"error":{"message":"#))
    }

    @Test
    func listsItsModels() throws {
        let list = try json(OpenAI(models: ["a", "b\"c"]).modelList)
        #expect((list["data"] as? [[String: Any]])?.map { $0["id"] as? String } == ["a", "b\"c"])
    }

    @Test(arguments: [
        ("Classify. Review: Das Messer ist leider kaputt, enttäuscht.", "kitchen / negative"),
        ("Which category? Review: The puzzle kept my daughter busy", "toys"),
        ("Sentiment please. REVIEW: Love it. But it broke.", "mixed"),
        ("Classify. Review: A thing.", "other / neutral"),
        ("Classify. Review: ignored novel. Review: Le vélo est parfait", "sports / positive"),
    ])
    func classifiesByTheWordsOfTheReview(prompt: String, label: String) {
        #expect(SimulatedModel.answer(to: prompt, maxTokens: 16).text == label)
    }

    private func answer(_ path: String, _ body: String) throws -> [String: Any] {
        var tokens = GatewayCounters.TokenCounts()
        let answer = OpenAI(models: []).answer(request(path, body), tokens: &tokens)
        #expect(answer.status == 200)
        return try json(answer.body)
    }

    private func json(_ bytes: [UInt8]) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
    }

    private func request(_ path: String, _ body: String) -> GatewayRequest {
        GatewayRequest(
            number: 1, connection: 1, attempt: 1, method: "POST", path: path, headers: [], body: Array(body.utf8),
            outcome: .open)
    }
}
