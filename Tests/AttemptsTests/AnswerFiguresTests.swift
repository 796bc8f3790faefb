import Messages
import Testing

@testable import Attempts

struct AnswerFiguresTests {
    private func figures(_ text: String) -> AnswerFigures { AnswerFigures(Bytes(text.utf8)) }

    @Test
    func readsTheUsageOfAnAnswer() {
        let found = figures(
            """
            {"id":"x","choices":[{"text":"the \\"usage\\": {\\"prompt_tokens\\": 1} of it"}],"usage": {"prompt_tokens" : 12,
            "total_tokens":40,"completion_tokens":28,"prompt_tokens_details":{"audio_tokens":3,"cached_tokens":8}},"z":1}
            """)
        #expect(found.promptTokens == 12)
        #expect(found.completionTokens == 28)
        #expect(found.cachedTokens == 8)
    }

    @Test
    func readsTheUsageOfAResponse() {
        let found = figures(
            #"{"output":[],"usage":{"input_tokens":36,"input_tokens_details":{"cached_tokens":4},"output_tokens":87,"#
                + #""output_tokens_details":{"reasoning_tokens":9},"total_tokens":123},"user":null,"metadata":{}}"#)
        #expect(found.promptTokens == 36)
        #expect(found.completionTokens == 87)
        #expect(found.cachedTokens == 4)
        #expect(found.undividedTokens == nil)
    }

    /// How long a token takes cannot be told from it.
    @Test
    func keepsASumApartThatNobodyHasDivided() {
        let found = figures(#"{"usage":{"total_tokens":40}}"#)
        #expect(found.undividedTokens == 40)
        #expect(found.promptTokens == nil && found.completionTokens == nil)
        #expect(figures(#"{"usage":{"total_tokens":40,"completion_tokens":3}}"#).undividedTokens == nil)
    }

    @Test
    func readsTheLastUsageOfAStream() {
        let chunk = #"data: {"choices":[{"text":"a"}],"usage":null}"# + "\n\n"
        let last = #"data: {"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":70,"total_tokens":75}}"#
        let found = figures(String(repeating: chunk, count: 70) + last + "\n\n" + chunk + "data: [DONE]\n\n")
        #expect(found.promptTokens == 5)
        #expect(found.completionTokens == 70)
        #expect(found.cachedTokens == nil)
    }

    @Test
    func readsWhatTheEngineHasMeasured() {
        let found = figures(
            #"{"usage":{"prompt_tokens":5,"completion_tokens":7},"metrics":{"queue_time_ms":12.5,"mean_itl_ms":8e0}}"#)
        #expect(found.meanTokenTime == .milliseconds(8))
        #expect(found.engineQueueTime == .microseconds(12_500))
        #expect(found.completionTokens == 7)
    }

    @Test(arguments: [
        "", "{", "\"usage\"", "\"usage\":", "\"usage\":{", #"{"usage":{"#, #"{"usage":{"prompt_tokens"#,
        #"{"usage":{"prompt_tokens":"#, #"{"usage":{"prompt_tokens":}"#, #"{"usage":{"prompt_tokens":"7"}}"#,
        #"{"usage":{"prompt_tokens":-7}}"#, #"{"usage":{"prompt_tokens":1e300}}"#, #"{"usage":{"prompt_tokens":nan}}"#,
        #"{"usage":{"a":"\"#, #"{"usage":{"a":"\""#, #"{"usage":{"details":{"prompt_tokens":3}}}"#,
        #"{"usage":[{"prompt_tokens":3}]}"#, #"{"usage":"prompt_tokens"}"#,
    ])
    func takesNothingFromWhatIsNoUsage(text: String) {
        #expect(figures(text).promptTokens == nil)
    }

    @Test
    func looksAtTheEndOnly() {
        let text =
            #"{"usage":{"prompt_tokens":5,"completion_tokens":7},"x":""# + String(repeating: "y", count: 5000) + "\"}"
        #expect(figures(text).promptTokens == nil)
    }

    @Test
    func readsHowManyWaitInTheEngine() {
        #expect(
            LoadWord.waiting("TEXT named_metrics.kv_cache_usage_perc=0.4, named_metrics.num_requests_waiting=3") == 3)
        #expect(LoadWord.waiting("TEXT named_metrics.num_requests_waiting=many") == nil)
        #expect(LoadWord.waiting("TEXT named_metrics.num_requests_waiting=1e99") == nil)
        #expect(LoadWord.waiting("") == nil)
    }
}
