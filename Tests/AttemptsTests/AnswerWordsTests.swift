import Testing

@testable import Attempts

struct AnswerWordsTests {
    private func words(_ text: String) -> AnswerWords { AnswerWords(Array(text.utf8)[...]) }

    @Test
    func findsTheModelInFrontAndTheReasonBehind() {
        let long = String(repeating: "word ", count: 10_000)
        let answer = words(
            #"{"id":"model","object":"text_completion","created":1,"model":"m-1","choices":[{"text":"\#(long)","#
                + #""finish_reason":"stop"}],"usage":{"completion_tokens":3}}"#)
        #expect(answer.model == "m-1")
        #expect(answer.finishReason == "stop")
    }

    @Test
    func readsStreams() {
        let answer = words(
            """
            data: {"id":"x","model":"m","choices":[{"delta":{"content":"a"},"finish_reason":null}]}

            data: {"id":"x","model":"m","choices":[{"delta":{},"finish_reason":"length"}]}

            data: [DONE]

            """)
        #expect(answer.model == "m")
        #expect(answer.finishReason == "length")
    }

    @Test
    func takesTheReasonOfTheLastChoice() {
        #expect(
            words(#"{"choices":[{"finish_reason":"stop"},{"finish_reason" : "tool_calls"}]}"#).finishReason
                == "tool_calls")
    }

    @Test(arguments: [
        "", "{", "no JSON", #"{"choices":[{"model":"m"}]}"#, #"{"a":{"model":"m"}}"#, #"{"x":"model","y":"z"}"#,
        #"{"mod\u0065l":"m"}"#, #"{"model":5}"#, #"{"model":"m"#,
    ])
    func findsNoModel(text: String) { #expect(words(text).model == nil) }

    @Test(arguments: [
        "", #"{"finish_reason":null}"#, #"{"text":"\"finish_reason\":\"stop\""}"#, #"{"finish_reason":"a\"b"}"#,
        #"{"finish_reason":"stop"#, #"{"finish_reason":"\#(String(repeating: "x", count: 300))"}"#,
    ])
    func findsNoReason(text: String) { #expect(words(text).finishReason == nil) }
}
