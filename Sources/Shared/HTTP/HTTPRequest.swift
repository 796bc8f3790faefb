package import Messages

package enum HTTPMethod: String, Sendable {
    case get = "GET"
    case post = "POST"
}

/// What is sent where, and how long and how large the answer may be.
package struct HTTPRequest: Sendable {
    package var method: HTTPMethod
    /// Absolute, `http` or `https`.
    package var url: String
    /// Sent in this order; those that frame the message (`Host`, `Content-Length`, …) are refused.
    package var headers: [HeaderField]
    /// Kept alive, not copied, until the exchange is over; not sent with GET.
    package var body: Bytes
    /// For the whole exchange, redirects included; at least a millisecond.
    package var timeout: Duration
    /// Bytes of the answer's body after decoding.
    package var maxResponseBytes: Int

    package init(
        _ method: HTTPMethod = .post, url: String, headers: [HeaderField] = [], body: Bytes = [],
        timeout: Duration = .seconds(300), maxResponseBytes: Int = 64 << 20
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeout = timeout
        self.maxResponseBytes = maxResponseBytes
    }
}

/// A whole answer.
package struct HTTPResponse: Sendable, Equatable {
    package var statusCode: Int
    /// Those of `HTTPClientOptions.responseHeaders` that the answer has, in that order.
    package var headers: [HeaderField]
    /// Decoded (gzip, deflate).
    package var body: Bytes
    /// From the start of the last request (after redirects) to the end of its answer, waiting for a connection included.
    package var totalTime: Duration

    package init(
        statusCode: Int, headers: [HeaderField] = [], body: Bytes = [], totalTime: Duration = .zero
    ) {
        self.statusCode = statusCode
        self.headers = headers
        self.body = body
        self.totalTime = totalTime
    }

    /// The value of the first header of this name, whatever its case.
    package func header(_ name: String) -> String? { headers.first { $0.isNamed(name) }?.value }
}

/// Names one exchange of one client.
package struct TransferID: Sendable, Hashable {
    let slot: Int
    let serial: UInt64
}
