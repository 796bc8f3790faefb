/// What the producer of llm-d-async calls one submission: the request's id and a token of its own.
package struct RequestToken: Sendable, Equatable {
    package var id: String
    package var token: String

    /// Looks for `internal.request_token` and `data.id` of a tagged envelope.
    ///
    /// Reads no further than it has to: the producer writes both near the beginning, and a message that begins with a
    /// request's own fields is no envelope.
    /// - Returns: `nil` for a message that has no token or no id, or one longer than `RequestLimits.maxName`: such a
    ///   request is refused, and what is looked up by it or kept beside it has its bound.
    package init?(in message: Bytes) {
        var search = TokenSearch()
        var scanner = JSONScanner(message.withoutByteOrderMark)
        // An error is the end of the search, or of a text that is no JSON; that is found out elsewhere.
        do throws(JSONError) {
            try scanner.readObject(depth: 0) { (scanner, name) throws(JSONError) in
                try search.read(name, from: &scanner)
            }
        } catch {}
        let names = 1...RequestLimits.maxName
        guard let id = search.id, let token = search.token, names.contains(id.utf8.count),
            names.contains(token.utf8.count)
        else { return nil }
        self.id = id
        self.token = token
    }
}

private struct TokenSearch {
    var id: String?
    var token: String?
    private var problem = FieldProblem()

    /// Reads one member of the envelope; throws to end the search.
    mutating func read(_ name: JSONToken, from scanner: inout JSONScanner) throws(JSONError) {
        switch scanner.text(of: name) {
        case "internal":
            try readMember("request_token", from: &scanner) { $0.token = $1 ?? $0.token }
        case "data":
            try readMember("id", from: &scanner) { $0.id = $1 ?? $0.id }
        case "id", "deadline", "payload": throw scanner.failure("no envelope")
        default: try scanner.skipValue(depth: 1)
        }
    }

    /// Reads the next value, if it is an object, for that member of it.
    private mutating func readMember(
        _ wanted: String, from scanner: inout JSONScanner, _ note: (inout TokenSearch, String?) -> Void
    ) throws(JSONError) {
        guard try scanner.nextKind() == .object else {
            try scanner.skipValue(depth: 1)
            return
        }
        try scanner.readObject(depth: 1) { (scanner, name) throws(JSONError) in
            guard scanner.bytes[name.range].elementsEqual(wanted.utf8) else {
                try scanner.skipValue(depth: 2)
                return
            }
            note(&self, try scanner.readString(wanted, &problem))
            if id != nil, token != nil { throw scanner.failure("found") }
        }
    }
}
