extension InboundRequest {
    /// Reads a message: flat, or as a tagged envelope if it has a `request_kind`.
    ///
    /// One pass over the bytes; fields are known whatever the case of their names, the last of a name
    /// counts, and unknown ones are ignored. The payload stays a piece of `bytes`, unless it is base64.
    package static func decode(_ bytes: Bytes, limits: RequestLimits = RequestLimits()) -> DecodedRequest {
        var document = RequestDocument()
        var scanner = JSONScanner(bytes.withoutByteOrderMark)
        do {
            let kind = try scanner.nextKind()
            guard kind == .object else {
                try scanner.skipValue()
                try scanner.finish()
                return .undecodable(reason: "not a JSON object but \(kind.rawValue)")
            }
            try scanner.readObject(depth: 0) { (scanner, name) throws(JSONError) in
                try document.readMember(scanner.contents(of: name), from: &scanner)
            }
            try scanner.finish()
        } catch {
            return .undecodable(reason: "not JSON: \(error)")
        }
        return document.decoded(limits: limits)
    }
}

/// What has been read of a message, before it is known whether it is flat or an envelope.
private struct RequestDocument {
    enum Name: String, CaseIterable {
        case internalFields = "internal"
        case requestKind = "request_kind"
        case data
    }

    static let known = KnownFields<Name>()

    var flat = RequestFields()
    var data = RequestFields()
    var routing = RoutingFields()
    var kind: String?
    var hasData = false
    /// Something wrong with the envelope itself.
    var problem = FieldProblem()

    mutating func readMember(_ key: Bytes, from scanner: inout JSONScanner) throws(JSONError) {
        if let name = RequestFields.known.find(key) {
            return try flat.read(name, from: &scanner, depth: 1)
        }
        switch Self.known.find(key) {
        case .requestKind: try readKind(from: &scanner)
        case .data: try readData(from: &scanner)
        case .internalFields: try readInternal(from: &scanner)
        case nil: try scanner.skipValue(depth: 1)
        }
    }

    private mutating func readKind(from scanner: inout JSONScanner) throws(JSONError) {
        let found = try scanner.nextKind()
        kind = try scanner.readString("request_kind", &problem) ?? (found == .null ? kind : "")
    }

    private mutating func readData(from scanner: inout JSONScanner) throws(JSONError) {
        guard try scanner.nextKind() == .object else {
            return try scanner.skipMismatch("data", "an object", &problem, depth: 1)
        }
        hasData = true
        try scanner.readObject(depth: 1) { (scanner, token) throws(JSONError) in
            if let name = RequestFields.known.find(scanner.contents(of: token)) {
                try data.read(name, from: &scanner, depth: 2)
            } else {
                try scanner.skipValue(depth: 2)
            }
        }
    }

    private mutating func readInternal(from scanner: inout JSONScanner) throws(JSONError) {
        guard try scanner.nextKind() == .object else {
            return try scanner.skipMismatch("internal", "an object", &problem, depth: 1)
        }
        try scanner.readObject(depth: 1) { (scanner, token) throws(JSONError) in
            if let name = RoutingFields.known.find(scanner.contents(of: token)) {
                try routing.read(name, from: &scanner, depth: 2)
            } else {
                try scanner.skipValue(depth: 2)
            }
        }
    }

    /// Judges what has been read.
    consuming func decoded(limits: RequestLimits) -> DecodedRequest {
        guard let kind else {
            let hint = flat.id == nil && hasData ? " (an envelope has a request_kind)" : ""
            return flat.decoded(routing: Routing(), problem: nil, hint: hint, limits: limits)
        }
        if !["plain", "redis", "pubsub"].contains(kind) {
            problem.note("request_kind: expected plain, redis or pubsub, found \(quoted(kind))")
        }
        if !hasData {
            problem.note("data: missing")
            data.id = flat.id
        }
        var routing = routing.routing
        routing.retryCount = attempts(self.routing.retryCount)
        let reason = problem.reason ?? self.routing.problem.reason
        return data.decoded(routing: routing, problem: reason, hint: "", limits: limits)
    }
}

extension RequestFields {
    /// - Parameter problem: something wrong outside these fields, which comes first.
    fileprivate func decoded(
        routing: Routing, problem: String?, hint: String, limits: RequestLimits
    ) -> DecodedRequest {
        guard let id, !id.isEmpty else {
            let reason = id == nil ? self.problem.reason ?? "id: missing" : "id: empty"
            return .undecodable(reason: (problem ?? reason) + hint)
        }
        var routing = routing
        routing.retryCount = max(routing.retryCount, attempts(retryCount))
        var isBase64 = false
        if case .text = payload { isBase64 = true }
        do throws(InvalidRequest) {
            if let reason = problem ?? self.problem.reason { throw InvalidRequest(reason) }
            let deadline = try checkedDeadline()
            let body = try body(limits: limits)
            return .request(
                InboundRequest(
                    id: id, deadline: deadline, payload: body.bytes, model: body.model, isBase64: isBase64,
                    endpoint: endpoint == "" ? nil : endpoint, headers: headers, metadata: Dictionary(metadata),
                    routing: routing))
        } catch {
            return .invalid(RejectedRequest(id: id, reason: error.reason, isBase64: isBase64, routing: routing))
        }
    }

    /// The text for a deadline that is absent, zero or negative is the Go system's, word for word.
    private func checkedDeadline() throws(InvalidRequest) -> Int64 {
        guard let deadline, deadline > 0 else {
            throw InvalidRequest("Failed: deadline is missing or invalid (Unix seconds).")
        }
        return deadline
    }

    /// The bytes to send, and the model that they name.
    private func body(limits: RequestLimits) throws(InvalidRequest) -> (bytes: Bytes, model: String?) {
        switch payload {
        case nil: throw InvalidRequest("payload: missing")
        case .object(let bytes, let model):
            try limits.check(bytes.count)
            return (bytes, model)
        case .text(let text):
            try limits.check(text.count / 4 * 3 - 2)
            guard let bytes = Base64.decode(text)?[...] else {
                throw InvalidRequest("payload: expected an object or base64, found other text")
            }
            try limits.check(bytes.count)
            do throws(JSONError) {
                var scanner = JSONScanner(bytes)
                var model: JSONToken?
                if try scanner.nextKind() == .object {
                    model = try scanner.skipObject(depth: 0, textOf: "model").text
                } else {
                    try scanner.skipValue()
                }
                try scanner.finish()
                return (bytes, scanner.model(model))
            } catch {
                throw InvalidRequest("payload: its base64 does not stand for JSON: \(error)")
            }
        }
    }
}

extension RequestLimits {
    fileprivate func check(_ payloadBytes: Int) throws(InvalidRequest) {
        if payloadBytes > maxPayloadBytes {
            throw InvalidRequest("payload: \(payloadBytes) bytes are more than the limit of \(maxPayloadBytes)")
        }
    }
}

/// A retry count as it is used: neither negative nor near overflow.
private func attempts(_ count: Int64?) -> Int { Int(min(max(count ?? 0, 0), 1 << 30)) }
