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
        let question = prompt.utf8.map(\.asciiLowercased)
        let wantsCategory = position(of: "categor", in: question[...]) != nil
        let wantsSentiment = position(of: "sentiment", in: question[...]) != nil
        let words: [String]
        if wantsCategory || wantsSentiment || position(of: "classif", in: question[...]) != nil {
            let review = Vocabulary.count(in: subject(of: question).lowercased()[...])
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

    /// The same, continued or cut to the length that is given.
    static func answer(to prompt: String, maxTokens: Int, _ measured: CapacityAnswer?) -> Answer {
        guard let measured else { return answer(to: prompt, maxTokens: maxTokens) }
        var words = answer(to: prompt, maxTokens: measured.outputTokens).text.split(separator: " ").map(String.init)
        let more = ["and", "so", "on", "word", "by", "word,"]
        for index in 0..<max(0, measured.outputTokens - words.count) { words.append(more[index % more.count]) }
        return Answer(
            text: words.joined(separator: " "), tokens: words.count, finish: measured.isCut ? "length" : "stop")
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

    /// What follows the last `review:` of a prompt in small letters; all of it without one.
    private static func subject(of question: [UInt8]) -> String {
        var rest = question[...]
        while let position = position(of: "review:", in: rest) { rest = rest[(position + 7)...] }
        return String(decoding: rest, as: UTF8.self)
    }

    /// Byte by byte: searching a `String` would look for the boundaries of characters all the way.
    private static func position(of word: StaticString, in text: ArraySlice<UInt8>) -> Int? {
        let word = UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount)
        return text.indices.first { text[$0] == word[0] && text[$0...].starts(with: word) }
    }
}
