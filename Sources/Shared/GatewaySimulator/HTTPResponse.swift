import Messages

/// An answer on its way to the wire.
struct HTTPResponse: Equatable {
    var status: Int
    var headers: [HeaderField] = []
    var body: [UInt8] = []
    /// Whether the connection stays open after it.
    var keepsAlive = true

    /// Head and body as they go over the wire.
    var bytes: [UInt8] { head + body }

    var head: [UInt8] {
        var text = "HTTP/1.1 \(status) \(Self.phrases[status] ?? "Status")\r\n"
        if !headers.contains(where: { $0.name.isSameWord("content-type") }) {
            text += "Content-Type: application/json\r\n"
        }
        for header in headers { text += "\(header.name): \(header.value)\r\n" }
        text += "Content-Length: \(body.count)\r\n"
        if !keepsAlive { text += "Connection: close\r\n" }
        text += "\r\n"
        return Array(text.utf8)
    }

    private static let phrases: [Int: String] = [
        200: "OK", 201: "Created", 204: "No Content", 307: "Temporary Redirect", 308: "Permanent Redirect",
        400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
        408: "Request Timeout", 411: "Length Required", 413: "Content Too Large", 422: "Unprocessable Content",
        425: "Too Early", 429: "Too Many Requests", 431: "Request Header Fields Too Large",
        500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout",
    ]
}
