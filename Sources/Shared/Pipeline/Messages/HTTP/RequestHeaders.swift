/// The headers of an attempt.
package enum RequestHeaders {
    /// Headers a message may have, at most; gateways refuse as many.
    package static let maximumCount = 256

    /// All headers in the order they are sent, each name once, whatever its case; of several the last wins:
    /// `Content-Type: application/json`, the queue's objective, the message's `headers`, the stage's own.
    ///
    /// `traceparent` and `tracestate` come from the message's metadata if its headers have none. `Host` and
    /// `Content-Length` of a message have no effect; a header that would change how the request is framed on the
    /// connection makes it invalid.
    ///
    /// - Parameter objective: of the queue; empty for none.
    package static func merge(
        objective: String, message: InboundRequest, stage: [HeaderField] = []
    ) throws(InvalidRequest) -> [HeaderField] {
        var merged = [HeaderField("Content-Type", "application/json")]
        if !objective.isEmpty { merged.put(HeaderField("x-gateway-inference-objective", objective)) }
        if message.headers.count > maximumCount {
            throw InvalidRequest("headers: \(message.headers.count) are more than \(maximumCount)")
        }
        for field in message.headers where try isSent(field) {
            merged.put(HeaderField(field.name, trimmed(field.value)))
        }
        for field in traceContext(of: message.metadata) where !merged.contains(where: { $0.isNamed(field.name) }) {
            merged.append(field)
        }
        for field in stage { merged.put(field) }
        return merged
    }

    /// Whether a message's header goes to the gateway; throws if the message must not go at all.
    private static func isSent(_ field: HeaderField) throws(InvalidRequest) -> Bool {
        try field.check()
        let name = field.name.lowercased()
        if name == "host" || name == "content-length" { return false }
        if hopByHop.contains(name) || name.hasPrefix("proxy-") {
            throw InvalidRequest("headers: \(field.name) belongs to the connection, not to the request")
        }
        return true
    }

    /// Source: RFC 9110, sections 7.6.1 and 10.1.1; RFC 9113, section 8.2.2.
    private static let hopByHop: Set = [
        "connection", "expect", "http2-settings", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade",
    ]

    /// The trace that a producer put into the metadata; nothing unless `traceparent` is well formed.
    private static func traceContext(of metadata: [String: String]) -> [HeaderField] {
        guard let parent = metadata["traceparent"], isTraceParent(parent) else { return [] }
        guard let state = metadata["tracestate"], !state.isEmpty else { return [HeaderField("traceparent", parent)] }
        let fields = [HeaderField("traceparent", parent), HeaderField("tracestate", state)]
        return fields.filter { (try? $0.check()) != nil }
    }

    /// Source: W3C Trace Context, section 3.2.2; later versions may append more after another dash.
    private static func isTraceParent(_ text: String) -> Bool {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count >= 4, zip(parts, [2, 32, 16, 2]).allSatisfy({ $0.utf8.count == $1 }) else { return false }
        return text.utf8.allSatisfy { hexValue($0) != nil || $0 == UInt8(ascii: "-") }
    }

    private static func trimmed(_ value: String) -> String {
        guard let first = value.first, let last = value.last, first.isWhitespace || last.isWhitespace else {
            return value
        }
        var trimmed = value[...]
        while let first = trimmed.first, first == " " || first == "\t" { trimmed.removeFirst() }
        while let last = trimmed.last, last == " " || last == "\t" { trimmed.removeLast() }
        return String(trimmed)
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
