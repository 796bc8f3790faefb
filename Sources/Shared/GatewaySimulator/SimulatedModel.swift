/// Something like a small classifier: looks for words, and answers the same to the same prompt.
enum SimulatedModel {
    struct Answer: Equatable {
        var text: String
        var tokens: Int
        /// `stop`, or `length` when `maxTokens` cut it short.
        var finish: String
    }

    /// A prompt that asks to classify what follows its last `Review:` is answered `category / sentiment`, or with the one
    /// of both that it asks for; any other with a sentence.
    static func answer(to prompt: String, maxTokens: Int) -> Answer {
        let question = prompt.lowercased()
        let wantsCategory = question.contains("categor")
        let wantsSentiment = question.contains("sentiment")
        let words: [String]
        if wantsCategory || wantsSentiment || question.contains("classif") {
            let review = Vocabulary.count(in: subject(of: question))
            words =
                switch (wantsCategory, wantsSentiment) {
                case (true, false): [review.category]
                case (false, true): [review.sentiment]
                default: [review.category, "/", review.sentiment]
                }
        } else {
            words = ["A", "simulated", "answer", "to", "\(tokens(in: prompt))", "words."]
        }
        let kept = words.prefix(max(1, maxTokens))
        return Answer(
            text: kept.joined(separator: " "), tokens: kept.count, finish: kept.count < words.count ? "length" : "stop")
    }

    /// Words: runs without white space.
    static func tokens(in text: String) -> Int {
        var count = 0
        var isInside = false
        for byte in text.utf8 {
            let isSpace = byte <= 0x20
            if !isSpace, !isInside { count += 1 }
            isInside = !isSpace
        }
        return count
    }

    /// What follows the last `review:` of the lowercased prompt; all of it without one.
    private static func subject(of question: String) -> Substring {
        guard let range = question.ranges(of: "review:").last else { return question[...] }
        return question[range.upperBound...]
    }
}
