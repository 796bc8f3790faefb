/// The headers of an attempt.
package enum RequestHeaders {
    /// Headers a message may have, at most; gateways refuse as many.
    package static let maxCount = 256

    /// All headers in the order they are sent, each name once, whatever its case; of several the last wins:
    /// `Content-Type: application/json`, the queue's objective, the message's `headers`, the stage's own.
    ///
    /// `traceparent` and `tracestate` come from the message's metadata unless its headers have a `traceparent`. `Host` and
    /// `Content-Length` of a message have no effect, nor has a header of its trace that cannot be passed on; a header that
    /// would change how the request is framed on the connection makes it invalid.
    ///
    /// - Parameter objective: of the queue; empty for none.
    package static func merge(
        objective: String, message: InboundRequest, stage: [HeaderField] = []
    ) throws(InvalidRequest) -> [HeaderField] {
        var merged = [HeaderField("Content-Type", "application/json")]
        if !objective.isEmpty { merged.put(HeaderField("x-gateway-inference-objective", objective)) }
        if message.headers.count > maxCount {
            throw InvalidRequest("headers: \(message.headers.count) are more than \(maxCount)")
        }
        for field in message.headers where try isSent(field) {
            merged.put(HeaderField(field.name, trimmed(field.value)))
        }
        if !merged.contains(where: { $0.isNamed(TraceContext.parentKey) }) {
            let trace = traceContext(of: message.metadata)
            // A state belongs to its parent.
            if !trace.isEmpty { merged.removeAll { $0.isNamed(TraceContext.stateKey) } }
            for field in trace { merged.put(field) }
        }
        for field in stage { merged.put(field) }
        return merged
    }

    /// Whether a message's header goes to the gateway; throws if the message must not go at all.
    private static func isSent(_ field: HeaderField) throws(InvalidRequest) -> Bool {
        if field.isOfTrace { return field.isUsableTrace }
        try field.check()
        if field.isNamed("host") || field.isNamed("content-length") { return false }
        if hopByHop.contains(where: field.isNamed) || isSameIgnoringCase(field.name.utf8.prefix(6), "proxy-".utf8) {
            throw InvalidRequest("headers: \(field.name) belongs to the connection, not to the request")
        }
        return true
    }

    /// Source: RFC 9110, sections 7.6.1 and 10.1.1; RFC 9113, section 8.2.2.
    private static let hopByHop = [
        "connection", "expect", "http2-settings", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade",
    ]

    /// The trace that a producer put into the metadata; nothing unless `traceparent` is well formed.
    private static func traceContext(of metadata: [String: String]) -> [HeaderField] {
        guard let text = metadata[TraceContext.parentKey], isTraceParent(text) else { return [] }
        let parent = HeaderField(TraceContext.parentKey, text)
        guard parent.isUsableTrace else { return [] }
        let state = HeaderField(TraceContext.stateKey, metadata[TraceContext.stateKey] ?? "")
        return !state.value.isEmpty && state.isUsableTrace ? [parent, state] : [parent]
    }

    /// Source: W3C Trace Context, section 3.2.2; versions after 00 may append more after another dash.
    private static func isTraceParent(_ text: String) -> Bool {
        let length = text.utf8.count
        guard length >= 55, length == 55 || !text.hasPrefix("00") else { return false }
        return text.utf8.enumerated().allSatisfy { index, byte in
            switch index {
            case 2, 35, 52, 55: byte == UInt8(ascii: "-")
            case 0..<55: hexValue(byte) != nil
            default: byte > 0x20 && byte < 0x7F
            }
        }
    }

    /// A value without the white space around it, which HTTP does not count.
    private static func trimmed(_ value: String) -> String {
        var text = value.utf8[...]
        while text.first == 0x20 || text.first == 0x09 { text.removeFirst() }
        while text.last == 0x20 || text.last == 0x09 { text.removeLast() }
        return text.count == value.utf8.count ? value : String(Substring(text))
    }
}

extension [HeaderField] {
    /// Adds a field, in the place of one with the same name if there is one.
    fileprivate mutating func put(_ field: HeaderField) {
        if let index = firstIndex(where: { $0.isNamed(field.name) }) {
            self[index] = field
        } else {
            append(field)
        }
    }
}
