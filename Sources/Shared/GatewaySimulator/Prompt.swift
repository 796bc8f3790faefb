import Messages

/// What a simulated model needs to know of a request body.
struct Prompt: Equatable {
    var model = ""
    /// The prompt, or what all messages say.
    var text = ""
    /// What embeddings are wanted of.
    var inputs: [String] = []
    var maxTokens = 16

    /// Reads a request body; `nil` when it is not a JSON object.
    ///
    /// Fields that are missing or of another type count as empty.
    init?(_ body: [UInt8]) {
        guard let members = JSONText.members(of: body[...]) else { return nil }
        for member in members {
            switch member.key {
            case "model": model = JSONText.string(member.value) ?? ""
            case "prompt": text = Self.texts(member.value).joined(separator: "\n")
            case "messages": text = Self.messages(member.value)
            case "input": inputs = Self.texts(member.value)
            case "max_tokens", "max_completion_tokens":
                maxTokens = Int(String(decoding: member.value, as: UTF8.self)) ?? maxTokens
            default: break
            }
        }
    }

    /// Words of the prompt, or of all inputs.
    var tokens: Int { (inputs + [text]).reduce(0) { $0 + SimulatedModel.tokens(in: $1) } }

    /// A string, or an array of strings.
    private static func texts(_ value: Bytes) -> [String] {
        if let text = JSONText.string(value) { return [text] }
        return (JSONText.elements(of: value) ?? []).compactMap(JSONText.string)
    }

    /// The contents of all messages: strings, or parts that have a `text`.
    private static func messages(_ value: Bytes) -> String {
        let messages = (JSONText.elements(of: value) ?? []).compactMap { JSONText.members(of: $0) }
        let contents = messages.flatMap { message in
            let content = message.last { $0.key == "content" }?.value ?? []
            let parts = (JSONText.elements(of: content) ?? []).compactMap { JSONText.members(of: $0) }
            let texts = parts.flatMap { part in
                part.filter { $0.key == "text" }.compactMap { JSONText.string($0.value) }
            }
            return self.texts(content) + texts
        }
        return contents.joined(separator: "\n")
    }
}
