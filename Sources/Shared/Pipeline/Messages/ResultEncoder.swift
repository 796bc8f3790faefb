/// How a result's `payload` carries the answer's body (`--result-payload`).
package enum ResultPayloadFormat: String, Sendable, CaseIterable {
    /// As a JSON string.
    case text
    /// As the JSON value it is, or as a string if it is not JSON.
    case json
    /// As base64 in a string.
    case base64
}

/// Writes results: one JSON object each, on one line, without a line break at the end.
///
///     {"id":"job-17","status_code":200,"payload":"{\"choices\":[]}"}
///     {"id":"job-19","payload":"{\"error\":\"deadline exceeded\"}","error":"deadline exceeded",
///      "error_code":"DEADLINE_EXCEEDED","error_message":"deadline exceeded"}
///
/// A payload in base64 comes with `"payload_encoding":"base64"`; so does every body that is not UTF-8, whatever the
/// format.
package struct ResultEncoder: Sendable {
    package let format: ResultPayloadFormat

    package init(format: ResultPayloadFormat = .text) { self.format = format }

    /// - Parameters:
    ///   - id: the request's; empty if it could not be read.
    ///   - token: the request's `internal.request_token`. Consumers of llm-d-async tell submissions of one id by it: without
    ///     it they take a second one for a repetition, and drop its result.
    ///   - isBase64: the request's payload came as base64, and so goes the answer.
    package func encode(
        id: String, token: String? = nil, _ result: Ending.Result, isBase64: Bool = false
    ) -> [UInt8] {
        let format = isBase64 ? .base64 : format
        var json: [UInt8] = []
        switch result {
        case .answer(let statusCode, let body):
            json.reserveCapacity(
                body.count > Self.counted
                    ? size(id: id, token: token, result, isBase64: isBase64)
                    : body.count + body.count / 4 + id.utf8.count + 128)
            json.append("{\"id\":")
            json.appendJSONString(id)
            json.append(",\"status_code\":")
            json.append(contentsOf: String(statusCode).utf8)
            appendPayload(body, as: format, to: &json)
        case .failure(let code, let message):
            json.append("{\"id\":")
            json.appendJSONString(id)
            appendPayload(errorBody(message)[...], as: format, to: &json)
            json.append(",\"error\":")
            json.appendJSONString(message)
            json.append(",\"error_code\":")
            json.appendJSONString(code.rawValue)
            json.append(",\"error_message\":")
            json.appendJSONString(message)
        }
        if let token {
            json.append(",\"request_token\":")
            json.appendJSONString(token)
        }
        json.append("}")
        return json
    }

    /// Bytes of a body from which on its size in JSON is counted and not guessed.
    private static let counted = 4096
    /// The same for whether it is text.
    private static let checked = 1 << 20

    /// How many bytes `encode` makes of a result: of one above 4 KiB no less, and of a large one hardly more.
    package func size(
        id: String, token: String? = nil, _ result: Ending.Result, isBase64: Bool = false
    ) -> Int {
        let head = 256 + 6 * (id.utf8.count + (token?.utf8.count ?? 0))
        switch result {
        case .answer(_, let body):
            if isBase64 || format == .base64 { return head + Base64.encodedCount(body.count) }
            guard body.count > Self.counted else { return head + body.count }
            let asText = body.withUnsafeBufferPointer { sizeAsJSONString($0) }
            let asBase64 = Base64.encodedCount(body.count)
            // Looking whether it is text costs more than counting: it is worth it where much depends on it.
            guard body.count > Self.checked else { return head + max(asText, asBase64) }
            return head + (isUTF8(body) ? asText : asBase64)
        case .failure(_, let message):
            // Three times, once as a string in a string.
            return head + 20 * message.utf8.count
        }
    }

    private func appendPayload(_ body: Bytes, as format: ResultPayloadFormat, to json: inout [UInt8]) {
        json.append(",\"payload\":")
        if format == .base64 || !isUTF8(body) {
            json.append("\"")
            Base64.append(body, to: &json)
            json.append("\",\"payload_encoding\":\"base64\"")
        } else if format == .json, (try? JSONScanner.check(body)) != nil {
            json.appendJSONOnOneLine(body)
        } else {
            body.withUnsafeBufferPointer { json.appendJSONString(of: $0) }
        }
    }

    private func errorBody(_ message: String) -> [UInt8] {
        var body: [UInt8] = []
        body.append("{\"error\":")
        body.appendJSONString(message)
        body.append("}")
        return body
    }

    private func isUTF8(_ body: Bytes) -> Bool { (try? UTF8Span(validating: body.span)) != nil }
}
