internal import CCurl
package import Messages

/// A request's headers in libcurl's form, owned by whoever holds this value.
///
/// Source: CURLOPT_HTTPHEADER(3): `Name:` leaves a header out that libcurl would send, `Name;` sends an empty one.
package struct HeaderList: ~Copyable {
    private(set) var head: UnsafeMutablePointer<curl_slist>?

    /// - Throws: `InvalidRequest`, which says which header cannot be sent, and why.
    package static func make(_ headers: [HeaderField]) throws(InvalidRequest) -> HeaderList {
        for header in headers {
            try header.check()
            if framing.contains(where: header.isNamed) {
                throw InvalidRequest("headers: \(header.name) belongs to the connection, not to the request")
            }
        }
        return HeaderList(headers)
    }

    private init(_ headers: [HeaderField]) {
        // Without it, a body over a megabyte waits up to a second for "100 Continue".
        append("Expect:")
        for header in headers { append(header.value.isEmpty ? "\(header.name);" : "\(header.name): \(header.value)") }
        if !headers.contains(where: { $0.isNamed("Content-Type") }) { append("Content-Type:") }
        if !headers.contains(where: { $0.isNamed("Accept-Encoding") }) {
            append("Accept-Encoding: \(BodyDecoder.accepted)")
        }
    }

    deinit { curl_slist_free_all(head) }

    /// Each call walks the list, which is short.
    private mutating func append(_ line: String) { head = curl_slist_append(head, line) ?? head }

    /// Headers that say whom the request is for, or where it ends.
    private static let framing = [
        "host", "content-length", "transfer-encoding", "connection", "keep-alive", "te", "trailer", "upgrade", "expect",
    ]
}
